{{/* The program's files: its configuration, the web configuration, and the paths of the credentials. */}}

{{- define "datadog-token-exporter.directory" -}}/etc/datadog-token-exporter{{- end -}}

{{- define "datadog-token-exporter.stateDirectory" -}}/var/lib/datadog-token-exporter{{- end -}}

{{/*
The organizations as a JSON list, with all defaults filled in. Each also has
  source    where the credentials come from: inline, secret, directory, or none
  files     the program's keys and the paths of the credentials' files
  secrets   (key in the Secret, file name) for each mounted file
If pods reload their configuration, each Secret is mounted once and as a whole: adding an organization whose keys are in
the same Secret then changes nothing in the pod.
*/}}
{{- define "datadog-token-exporter.organizations" -}}
{{- $root := . -}}
{{- $keys := dict "apiKey" "api-key" "appKey" "app-key" "bearerToken" "bearer-token" -}}
{{- $of_type := dict "keys" (list "apiKey" "appKey") "appKey" (list "appKey") "bearerToken" (list "bearerToken") -}}
{{- $options := dict "apiKey" "api_key_file" "appKey" "app_key_file" "bearerToken" "bearer_token_file" -}}
{{- $given := list -}}
{{- if .Values.datadog.organizations -}}
{{- $given = .Values.datadog.organizations -}}
{{- else -}}
{{- $given = list (omit .Values.datadog "organizations" "ca" "allowInsecureHttp") -}}
{{- end -}}
{{- $result := list -}}
{{- range $entry := $given -}}
{{- $organization := deepCopy $entry -}}
{{- $credentials := default dict $organization.credentials -}}
{{- $_ := set $credentials "type" (default "keys" $credentials.type) -}}
{{- $_ := set $credentials "keys" (merge (deepCopy (default dict $credentials.keys)) $keys) -}}
{{- $inline := or $credentials.apiKey $credentials.appKey $credentials.bearerToken -}}
{{- $source := "none" -}}
{{- if $credentials.existingSecret -}}{{- $source = "secret" -}}
{{- else if $credentials.directory -}}{{- $source = "directory" -}}
{{- else if $inline -}}{{- $source = "inline" -}}
{{- end -}}
{{- $secret := ternary $credentials.existingSecret (include "datadog-token-exporter.credentialsSecret" $root) (eq $source "secret") -}}
{{- $isWhole := and $root.Values.configReload.enabled (has $source (list "secret" "inline")) -}}
{{- $directory := printf "%s/credentials/%s" (include "datadog-token-exporter.directory" $root) (ternary $secret $organization.name $isWhole) -}}
{{- if eq $source "directory" -}}{{- $directory = trimSuffix "/" $credentials.directory -}}{{- end -}}
{{- $files := dict -}}
{{- $secrets := list -}}
{{- range $kind := index $of_type $credentials.type -}}
{{- $file := index $keys $kind -}}
{{- $key := index $credentials.keys $kind -}}
{{- if eq $source "directory" -}}{{- $file = $key -}}{{- end -}}
{{- if eq $source "inline" -}}{{- $key = printf "%s.%s" $organization.name $file -}}{{- end -}}
{{- if $isWhole -}}{{- $file = $key -}}{{- end -}}
{{- $_ := set $files (index $options $kind) (printf "%s/%s" $directory $file) -}}
{{- $secrets = append $secrets (dict "kind" $kind "key" $key "path" $file) -}}
{{- end -}}
{{- $_ := set $organization "credentials" $credentials -}}
{{- $_ := set $organization "source" $source -}}
{{- $_ := set $organization "secret" $secret -}}
{{- $_ := set $organization "directory" $directory -}}
{{- $_ := set $organization "files" $files -}}
{{- $_ := set $organization "secrets" $secrets -}}
{{- $result = append $result $organization -}}
{{- end -}}
{{- toJson $result -}}
{{- end -}}

{{/* The volumes of the credentials, as a JSON list: name, secret, directory and items (none to mount all of the Secret). */}}
{{- define "datadog-token-exporter.credentialVolumes" -}}
{{- $volumes := list -}}
{{- $organizations := include "datadog-token-exporter.organizations" . | fromJsonArray -}}
{{- if and .Values.configReload.enabled (not .Values.demo.enabled) -}}
{{- $directories := dict -}}
{{- range $organizations -}}
{{- if has .source (list "secret" "inline") -}}{{- $_ := set $directories .secret .directory -}}{{- end -}}
{{- end -}}
{{- range $index, $secret := keys $directories | sortAlpha -}}
{{- $volumes = append $volumes (dict "name" (printf "credentials-%d" $index) "secret" $secret "directory" (get $directories $secret)) -}}
{{- end -}}
{{- else if not .Values.demo.enabled -}}
{{- range $index, $organization := $organizations -}}
{{- if ne .source "directory" -}}
{{- $volumes = append $volumes (dict "name" (printf "credentials-%d" $index) "secret" .secret "directory" .directory "items" .secrets) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $volumes -}}
{{- end -}}

{{/*
The options that a running program can't change; with configReload, a change to any of them replaces the pods. Ports,
shards and volumes are in the pod's own specification.
*/}}
{{- define "datadog-token-exporter.fixedConfig" -}}
{{- $config := include "datadog-token-exporter.config" . | fromYaml -}}
{{- set (pick $config "web" "state" "demo") "log" (pick $config.log "format") | toYaml -}}
{{- end -}}

{{/* The file that DATADOG_TOKEN_EXPORTER_CONFIG_FILE names. */}}
{{- define "datadog-token-exporter.config" -}}
{{- $root := . -}}
{{- $directory := include "datadog-token-exporter.directory" . -}}
{{- $config := dict -}}
{{- range $section, $values := .Values.config -}}
{{- $kept := dict -}}
{{- range $key, $value := $values -}}
{{- if not (kindIs "invalid" $value) -}}{{- $_ := set $kept $key $value -}}{{- end -}}
{{- end -}}
{{- $_ := set $config $section $kept -}}
{{- end -}}
{{/* info is the program's default, except that --list and similar modes log only warnings unless a level is set. */}}
{{- if eq (dig "log" "level" "" $config) "info" -}}{{- $_ := unset $config.log "level" -}}{{- end -}}
{{- $web := default dict $config.web -}}
{{- $_ := set $web "listen_address" (list (printf ":%d" (int .Values.containerPorts.metrics))) -}}
{{- $_ := set $web "probe_listen_address" (list (printf ":%d" (int .Values.containerPorts.probe))) -}}
{{- if include "datadog-token-exporter.webConfigSecret" . -}}
{{- $_ := set $web "config" (dict "file" (printf "%s/web/%s" $directory (include "datadog-token-exporter.webConfigKey" .))) -}}
{{- end -}}
{{- $_ := set $config "web" $web -}}
{{- $datadog := dict -}}
{{- if .Values.datadog.allowInsecureHttp -}}{{- $_ := set $datadog "allow_insecure_http" true -}}{{- end -}}
{{- if include "datadog-token-exporter.hasCA" . -}}
{{- $_ := set $datadog "ca_file" (printf "%s/%s/ca.crt" $directory (ternary "ca" "config" (empty .Values.datadog.ca.pem))) -}}
{{- end -}}
{{- with $datadog -}}{{- $_ := set $config "datadog" . -}}{{- end -}}
{{- if .Values.state.enabled -}}
{{- $_ := set $config "state" (dict "file" (printf "%s/state" (include "datadog-token-exporter.stateDirectory" .))) -}}
{{- end -}}
{{- if .Values.demo.enabled -}}
{{- $_ := set $config "demo" (dict "tokens" (int64 .Values.demo.tokens) "seed" (int64 .Values.demo.seed)) -}}
{{- else -}}
{{- $organizations := list -}}
{{- range include "datadog-token-exporter.organizations" . | fromJsonArray -}}
{{- $organization := dict "name" .name -}}
{{- if .baseUrl -}}
{{- $_ := set $organization "base_url" .baseUrl -}}
{{- else -}}
{{- $_ := set $organization "site" (default $root.Values.datadog.site .site) -}}
{{- end -}}
{{- with .filter -}}{{- $_ := set $organization "filter" . -}}{{- end -}}
{{- with .ownedBy -}}{{- $_ := set $organization "owned_by" . -}}{{- end -}}
{{- $organizations = append $organizations (merge $organization .files) -}}
{{- end -}}
{{- $_ := set $config "organizations" $organizations -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- define "datadog-token-exporter.hasCA" -}}
{{- with .Values.datadog.ca -}}{{- if or .pem .existingConfigMap .existingSecret -}}true{{- end -}}{{- end -}}
{{- end -}}

{{/* The name of the Secret with the file for --web.config.file; empty if there is none. */}}
{{- define "datadog-token-exporter.webConfigSecret" -}}
{{- if .Values.web.existingSecret -}}
{{- .Values.web.existingSecret -}}
{{- else if or .Values.web.tls.enabled .Values.web.basicAuth.users .Values.web.extraConfig -}}
{{- include "datadog-token-exporter.suffixed" (list . "web") -}}
{{- end -}}
{{- end -}}

{{- define "datadog-token-exporter.webConfigKey" -}}
{{- ternary .Values.web.existingSecretKey "web-config.yml" (ne .Values.web.existingSecret "") -}}
{{- end -}}

{{/* The scheme of the metrics: http or https. */}}
{{- define "datadog-token-exporter.scheme" -}}
{{- ternary "https" "http" (or .Values.web.tls.enabled (and (ne .Values.web.existingSecret "") .Values.web.existingSecretHasTLS)) -}}
{{- end -}}

{{/* The contents of the file for --web.config.file. */}}
{{- define "datadog-token-exporter.webConfig" -}}
{{- $config := deepCopy .Values.web.extraConfig -}}
{{- with .Values.web.tls -}}
{{- if .enabled -}}
{{- $directory := printf "%s/tls" (include "datadog-token-exporter.directory" $) -}}
{{- $tls := dict "cert_file" (printf "%s/%s" $directory .certKey) "key_file" (printf "%s/%s" $directory .keyKey) "min_version" .minVersion -}}
{{- if .clientCAKey -}}
{{- $_ := set $tls "client_ca_file" (printf "%s/%s" $directory .clientCAKey) -}}
{{- $_ := set $tls "client_auth_type" "RequireAndVerifyClientCert" -}}
{{- end -}}
{{- $_ := set $config "tls_server_config" (merge $tls (default dict $config.tls_server_config)) -}}
{{- end -}}
{{- end -}}
{{- with .Values.web.basicAuth.users -}}{{- $_ := set $config "basic_auth_users" . -}}{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* The data of the chart's own Secret with credentials; empty if it is not needed. */}}
{{- define "datadog-token-exporter.credentials" -}}
{{- if not .Values.demo.enabled -}}
{{- range $organization := include "datadog-token-exporter.organizations" . | fromJsonArray -}}
{{- if eq $organization.source "inline" -}}
{{- range $organization.secrets }}
{{ .key | quote }}: {{ index $organization.credentials .kind | default "" | toString | b64enc | quote }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "datadog-token-exporter.credentialsSecret" -}}
{{- include "datadog-token-exporter.suffixed" (list . "credentials") -}}
{{- end -}}

{{/* The ports that the program connects to, as a JSON list: 443, those of base URLs, and the proxy's. */}}
{{- define "datadog-token-exporter.remotePorts" -}}
{{- $ports := list 443 -}}
{{- $urls := list -}}
{{- with trim .Values.proxy.httpsProxy -}}
{{- $urls = append $urls (ternary . (printf "http://%s" .) (contains "://" .)) -}}
{{- end -}}
{{- range include "datadog-token-exporter.organizations" . | fromJsonArray -}}
{{- $urls = append $urls .baseUrl -}}
{{- end -}}
{{- range compact $urls -}}
{{- $url := trimAll " /" . | urlParse -}}
{{- $given := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{- $ports = append $ports (int (default (ternary 80 443 (eq $url.scheme "http")) $given)) -}}
{{- end -}}
{{- uniq $ports | toJson -}}
{{- end -}}
