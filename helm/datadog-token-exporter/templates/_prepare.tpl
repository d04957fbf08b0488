{{/*
A value that is null is not set. Helm removes it from the values together with the chart's default, or leaves a null
(below another chart, in lists, in maps with free keys). So every file begins with this, which puts the default back,
and changes .Values itself: nothing below has to ask.
*/}}
{{- define "datadog-token-exporter.prepare" -}}
{{- range $key, $value := .Values -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := unset $.Values $key -}}
{{- else if not (has $key (list "extraObjects" "global")) -}}
{{- include "datadog-token-exporter.withoutNulls" $value -}}
{{- end -}}
{{- end -}}
{{- range $key := list "imageRegistry" "imagePullSecrets" -}}
{{- if kindIs "invalid" (get (default dict $.Values.global) $key) -}}
{{- $_ := unset (default dict $.Values.global) $key -}}
{{- end -}}
{{- end -}}
{{- include "datadog-token-exporter.filled" (list .Values (include "datadog-token-exporter.defaults" . | fromYaml)) -}}
{{- end -}}

{{/* Takes all nulls out of a map or list, however deep. */}}
{{- define "datadog-token-exporter.withoutNulls" -}}
{{- $value := . -}}
{{- if kindIs "map" $value -}}
{{- range $key, $child := $value -}}
{{- if kindIs "invalid" $child -}}
{{- $_ := unset $value $key -}}
{{- else -}}
{{- include "datadog-token-exporter.withoutNulls" $child -}}
{{- end -}}
{{- end -}}
{{- else if kindIs "slice" $value -}}
{{- range $child := $value -}}
{{- include "datadog-token-exporter.withoutNulls" $child -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* (list values defaults): sets what is missing. Some maps are Kubernetes' own: they stay as they are, unless all is missing. */}}
{{- define "datadog-token-exporter.filled" -}}
{{- $values := index . 0 -}}
{{- $whole := list "podSecurityContext" "securityContext" "resources" "labels" "instanceSelector" "namespaceSelector" -}}
{{- range $key, $default := index . 1 -}}
{{- if not (hasKey $values $key) -}}
{{- $_ := set $values $key $default -}}
{{- else if and (kindIs "map" $default) (not (has $key $whole)) -}}
{{- include "datadog-token-exporter.filled" (list (index $values $key) $default) -}}
{{- end -}}
{{- end -}}
{{- end -}}
