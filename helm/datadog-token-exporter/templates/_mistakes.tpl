{{/*
Checks that values.schema.json can't express: values that contradict each other, and the form of values that may
contain a secret, because Helm prints values that the schema rejects. All mistakes are reported at once, each with a
fix.
*/}}
{{- define "datadog-token-exporter.mistakes" -}}
{{- $root := . -}}
{{- if not .Values.demo.enabled -}}
{{- $names := list -}}
{{- $several := not (empty .Values.datadog.organizations) -}}
{{- range $index, $organization := include "datadog-token-exporter.organizations" . | fromJsonArray -}}
{{- $place := ternary (printf "datadog.organizations[%d] (%s)" $index $organization.name) "datadog" $several -}}
{{- $credentials := $organization.credentials -}}
{{- if eq $organization.source "none" }}
{{ $place }}: no credentials. Set credentials.existingSecret to a Secret with the keys {{ range $i, $secret := $organization.secrets }}{{ if $i }} and {{ end }}{{ $secret.key }}{{ end }}; demo.enabled tries the chart without any.
{{- end }}
{{- $inline := or $credentials.apiKey $credentials.appKey $credentials.bearerToken }}
{{- if and $inline (or $credentials.existingSecret $credentials.directory) }}
{{ $place }}: credentials both inline and in {{ ternary "credentials.existingSecret" "credentials.directory" (not (empty $credentials.existingSecret)) }}. Keep one of them.
{{- end }}
{{- if and $credentials.existingSecret $credentials.directory }}
{{ $place }}: both credentials.existingSecret and credentials.directory. Keep one of them.
{{- end }}
{{- if and $organization.baseUrl (not (regexMatch "^https?://[^/@\\s]+/?$" $organization.baseUrl)) }}
{{ $place }}: baseUrl is not like https://api.example.com; it takes no user, no password and no path.
{{- end }}
{{- $site := default $root.Values.datadog.site $organization.site | trim | lower }}
{{- if not (or $organization.baseUrl (regexMatch "^(https://)?(http://)?(\\w([-\\w]*\\w)?[.])*(datadoghq[.](com|eu)|ddog-gov[.]com)/*$" $site)) }}
{{ $place }}: site is not a Datadog site; sites look like datadoghq.com, us5.datadoghq.com or datadoghq.eu. Keys go only there; an address or a gateway's URL goes into baseUrl.
{{- end }}
{{- range $kind := list "apiKey" "appKey" "bearerToken" }}
{{- if regexMatch "\\s" (default "" (index $credentials $kind)) }}
{{ $place }}: credentials.{{ $kind }} holds a space or a line break, which no key has.
{{- end }}
{{- end }}
{{- if eq $organization.source "inline" }}
{{- $needed := list }}
{{- range $organization.secrets }}
{{- $needed = append $needed .kind }}
{{- if not (index $credentials .kind) }}
{{ $place }}: credentials.{{ .kind }} is missing, which credentials.type {{ $credentials.type }} needs.
{{- end }}
{{- end }}
{{- range $kind := list "apiKey" "appKey" "bearerToken" }}
{{- if and (index $credentials $kind) (not (has $kind $needed)) }}
{{ $place }}: credentials.{{ $kind }} is given, which credentials.type {{ $credentials.type }} does not use.
{{- end }}
{{- end }}
{{- end }}
{{- if and $several $organization.baseUrl $organization.site }}
{{ $place }}: both site and baseUrl. Keep one of them.
{{- end }}
{{- if has $organization.name $names }}
{{ $place }}: there are two organizations of this name, and their series would be the same.
{{- end }}
{{- $names = append $names $organization.name }}
{{- end }}
{{- if $several }}
{{- with .Values.datadog }}
{{- if or .credentials.existingSecret .credentials.directory .credentials.apiKey .credentials.appKey .credentials.bearerToken }}
datadog.credentials: datadog.organizations is set, each with its own credentials. Keep one of them.
{{- end }}
{{- if or .baseUrl .filter .ownedBy }}
datadog.baseUrl, datadog.filter and datadog.ownedBy: datadog.organizations is set. Write them below the organization that is meant.
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.sharding.enabled }}
{{- if .Values.demo.enabled }}
sharding: the demo has one simulated organization, and there is nothing to share. Unset sharding.enabled.
{{- else if not .Values.datadog.organizations }}
sharding: there is one organization, which a pod polls as a whole. List several in datadog.organizations, or unset sharding.enabled.
{{- end }}
{{- if ne (int .Values.replicaCount) 1 }}
replicaCount: sharding.replicas says how many pods there are. Leave replicaCount at 1.
{{- end }}
{{- end }}
{{- if and .Values.state.persistentVolumeClaim.enabled (not .Values.state.enabled) }}
state.persistentVolumeClaim: there is nothing to keep. Set state.enabled as well.
{{- end }}
{{- with .Values.datadog.ca }}
{{- if gt (len (compact (list .pem .existingConfigMap .existingSecret))) 1 }}
datadog.ca: more than one of pem, existingConfigMap and existingSecret. Keep one of them.
{{- end }}
{{- end }}
{{- if and .Values.datadog.ca.pem (not (regexMatch "^\\s*-----BEGIN CERTIFICATE-----" .Values.datadog.ca.pem)) }}
datadog.ca.pem: is not a certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----.
{{- end }}
{{- with .Values.web }}
{{- range $user, $hash := .basicAuth.users }}
{{- if not (regexMatch "^\\$2[aby]\\$[0-9]{2}\\$[./A-Za-z0-9]{53}$" $hash) }}
web.basicAuth.users.{{ $user }}: is not a bcrypt hash, such as `htpasswd -nBC 10 "" | tr -d ':'` writes.
{{- end }}
{{- end }}
{{- if and .existingSecret (or .tls.enabled .basicAuth.users .extraConfig) }}
web: existingSecret holds a whole file, beside which web.tls, web.basicAuth and web.extraConfig are not used. Keep one of them.
{{- end }}
{{- if and .tls.enabled (not .tls.existingSecret) }}
web.tls: no certificate. Set web.tls.existingSecret to a Secret with the keys {{ .tls.certKey }} and {{ .tls.keyKey }}.
{{- end }}
{{- if and .basicAuth.users (not .tls.enabled) (not .existingSecret) }}
web.basicAuth: passwords would travel unencrypted. Set web.tls.enabled as well.
{{- end }}
{{- end }}
{{- with .Values.proxy }}
{{- if regexMatch "^(?i)\\s*https://" .httpsProxy }}
proxy.httpsProxy: the program reaches proxies by plain http alone. Write http://proxy.example.com:3128.
{{- else if and .httpsProxy (not (regexMatch "^\\s*((?i:http)://)?[^/@\\s]+/*\\s*$" .httpsProxy)) }}
proxy.httpsProxy: is not like http://proxy.example.com:3128. A proxy that wants a password comes from proxy.existingSecret.
{{- end }}
{{- if and .httpsProxy .existingSecret }}
proxy: both httpsProxy and existingSecret. Keep one of them.
{{- end }}
{{- end }}
{{- include "datadog-token-exporter.podMistakes" . }}
{{- if has .Values.config.web.telemetry_path (list "/healthz" "/livez" "/readyz") }}
config.web.telemetry_path: {{ .Values.config.web.telemetry_path }} is the path of something else. Write it like /metrics.
{{- end }}
{{- if eq (int .Values.containerPorts.metrics) (int .Values.containerPorts.probe) }}
containerPorts: metrics and probe are the same port, {{ int .Values.containerPorts.metrics }}.
{{- end }}
{{- if eq (int .Values.service.port) (int .Values.service.probePort) }}
service: port and probePort are the same port, {{ int .Values.service.port }}.
{{- end }}
{{- if and .Values.service.nodePort (not (has .Values.service.type (list "NodePort" "LoadBalancer"))) }}
service.nodePort: means nothing with service.type {{ .Values.service.type }}.
{{- end }}
{{- if and (eq .Values.service.clusterIP "None") (ne .Values.service.type "ClusterIP") }}
service.clusterIP: None is for the type ClusterIP; a Service of type {{ .Values.service.type }} has an address.
{{- end }}
{{- if and .Values.serviceMonitor.enabled .Values.podMonitor.enabled }}
serviceMonitor and podMonitor are both enabled: every series would be scraped twice. Keep one of them.
{{- end }}
{{- $scheme := include "datadog-token-exporter.scheme" . }}
{{- range $kind := list "serviceMonitor" "podMonitor" }}
{{- $monitor := index $root.Values $kind }}
{{- if $monitor.enabled }}
{{- if and $monitor.basicAuth (eq $scheme "http") }}
{{ $kind }}.basicAuth: the metrics are served by plain http, so the password would travel unencrypted. Set web.tls.enabled.
{{- end }}
{{- if and $monitor.tlsConfig (eq $scheme "http") }}
{{ $kind }}.tlsConfig: the metrics are served by plain http. Set web.tls.enabled.
{{- end }}
{{- if and $root.Values.web.basicAuth.users (not $monitor.basicAuth) }}
{{ $kind }}.basicAuth: web.basicAuth.users is set, so scrapes need the Secret with a user and a password.
{{- end }}
{{- end }}
{{- end }}
{{- if and .Values.dashboards.grafanaOperator.enabled (not .Values.dashboards.enabled) }}
dashboards.grafanaOperator: reads the dashboards' ConfigMaps. Set dashboards.enabled as well.
{{- end }}
{{- include "datadog-token-exporter.alertMistakes" . }}
{{- with .Values.podDisruptionBudget }}
{{- if and (not (kindIs "invalid" .minAvailable)) (not (kindIs "invalid" .maxUnavailable)) }}
podDisruptionBudget: both minAvailable and maxUnavailable. Keep one of them.
{{- end }}
{{- if and .enabled .unhealthyPodEvictionPolicy (semverCompare "<1.26.0-0" $root.Capabilities.KubeVersion.Version) }}
podDisruptionBudget.unhealthyPodEvictionPolicy: Kubernetes knows it from 1.26 on, and this one is {{ $root.Capabilities.KubeVersion.Version }}. Unset it.
{{- end }}
{{- end }}
{{- end -}}

{{/* Contradictions in the pod, and between the pod and its network policy. */}}
{{- define "datadog-token-exporter.podMistakes" -}}
{{- if and (eq .Values.dnsPolicy "None") (not .Values.dnsConfig.nameservers) }}
dnsPolicy: None leaves the pod without a name server. Set dnsConfig.nameservers as well.
{{- end }}
{{- $taken := list "DATADOG_TOKEN_EXPORTER_CONFIG_FILE" }}
{{- if .Values.configReload.enabled }}
{{- $taken = append $taken "DATADOG_TOKEN_EXPORTER_CONFIG_WATCH" }}
{{- end }}
{{- if .Values.demo.enabled }}
{{- $taken = append $taken "DATADOG_TOKEN_EXPORTER_DEMO" }}
{{- end }}
{{- if .Values.sharding.enabled }}
{{- $taken = concat $taken (list "DATADOG_TOKEN_EXPORTER_SHARD_COUNT" "DATADOG_TOKEN_EXPORTER_SHARD_INDEX" "POD_NAME") }}
{{- end }}
{{- $hasProxyOfUnknownPort := not (empty .Values.proxy.existingSecret) }}
{{- if or .Values.proxy.httpsProxy .Values.proxy.existingSecret }}
{{- $taken = append $taken "HTTPS_PROXY" }}
{{- end }}
{{- if .Values.proxy.noProxy }}
{{- $taken = append $taken "NO_PROXY" }}
{{- end }}
{{- range .Values.extraEnv }}
{{- if has .name $taken }}
extraEnv: {{ .name }} is there already: the chart sets it, or extraEnv names it twice.
{{- end }}
{{- $taken = append $taken .name }}
{{- if has (upper .name) (list "HTTPS_PROXY" "HTTP_PROXY" "ALL_PROXY") }}
{{- $hasProxyOfUnknownPort = true }}
{{- end }}
{{- end }}
{{- with .Values.networkPolicy }}
{{- if and .enabled .egress.enabled $hasProxyOfUnknownPort (not .egress.extraRules) (not $.Values.demo.enabled) }}
networkPolicy: the port of a proxy from proxy.existingSecret or extraEnv is in no value, so it stays closed. Add a rule with it to networkPolicy.egress.extraRules, or use proxy.httpsProxy.
{{- end }}
{{- end }}
{{- end -}}

{{- define "datadog-token-exporter.validate" -}}
{{- with include "datadog-token-exporter.mistakes" . | trim -}}
{{- fail (printf "\n\nThese values don't fit together:\n\n%s\n" (. | nindent 2 | trimPrefix "\n")) -}}
{{- end -}}
{{- end -}}
