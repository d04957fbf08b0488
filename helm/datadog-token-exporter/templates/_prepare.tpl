{{/*
A null value counts as unset. Helm either removes it together with the chart's default, or leaves a null (below
another chart, in lists, in maps with free keys). So every template starts with this one, which restores the default
and modifies .Values itself: the rest of the template need not check.
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

{{/* Removes all nulls from a map or list, recursively. */}}
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

{{/* (list values defaults): sets missing values. Maps passed through to Kubernetes are only replaced as a whole. */}}
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
