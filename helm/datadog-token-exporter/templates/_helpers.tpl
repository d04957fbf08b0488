{{/* Names, labels, and what all objects have in common. */}}

{{- define "datadog-token-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/*
The name of all objects. The name of a Service must not contain a dot, which a release's name may, and in Kubernetes
1.25 it must begin with a letter.
*/}}
{{- define "datadog-token-exporter.fullname" -}}
{{- $fullname := .Values.fullnameOverride -}}
{{- if not $fullname -}}
{{- $name := include "datadog-token-exporter.name" . -}}
{{- $fullname = ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | replace "." "-" -}}
{{- end -}}
{{- if regexMatch "^[0-9]" $fullname -}}
{{- $fullname = printf "exporter-%s" $fullname -}}
{{- end -}}
{{- $fullname | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* (list root suffix): the full name with a suffix. If it is too long, the name is truncated, never the suffix. */}}
{{- define "datadog-token-exporter.suffixed" -}}
{{- $root := index . 0 -}}
{{- $suffix := index . 1 -}}
{{- $room := int (sub 62 (len $suffix)) -}}
{{- printf "%s-%s" (include "datadog-token-exporter.fullname" $root | trunc $room | trimSuffix "-") $suffix -}}
{{- end -}}

{{- define "datadog-token-exporter.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end -}}

{{- define "datadog-token-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "datadog-token-exporter.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/*
The labels that select the pods. The selector of a Deployment or StatefulSet is immutable, so nothing configurable
belongs here.
*/}}
{{- define "datadog-token-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "datadog-token-exporter.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* A StatefulSet if the pods differ: each polls its own organizations or has its own volume. */}}
{{- define "datadog-token-exporter.workloadKind" -}}
{{- $hasClaim := and .Values.state.enabled .Values.state.persistentVolumeClaim.enabled -}}
{{- ternary "StatefulSet" "Deployment" (or .Values.sharding.enabled $hasClaim) -}}
{{- end -}}

{{/* Kubernetes appends up to eleven characters to a StatefulSet's name for a label, whose value is limited to 63. */}}
{{- define "datadog-token-exporter.workloadName" -}}
{{- if eq (include "datadog-token-exporter.workloadKind" .) "StatefulSet" -}}
{{- include "datadog-token-exporter.fullname" . | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- include "datadog-token-exporter.fullname" . -}}
{{- end -}}
{{- end -}}

{{/*
Different labels, so that neither a ServiceMonitor nor anything else selects this Service instead of the one for the
metrics.
*/}}
{{- define "datadog-token-exporter.podsServiceLabels" -}}
app.kubernetes.io/name: {{ printf "%s-pods" (include "datadog-token-exporter.name" . | trunc 58 | trimSuffix "-") | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* Different labels, so that the Service does not select the pod of `helm test`. */}}
{{- define "datadog-token-exporter.testSelectorLabels" -}}
app.kubernetes.io/name: {{ printf "%s-test" (include "datadog-token-exporter.name" . | trunc 58 | trimSuffix "-") | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "datadog-token-exporter.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimAll "-_." | quote }}
{{ include "datadog-token-exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | trunc 63 | trimAll "-_." | quote }}
app.kubernetes.io/component: exporter
app.kubernetes.io/part-of: {{ include "datadog-token-exporter.name" . | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- end -}}

{{/*
(dict root, name, [namespace, labels, annotations, standard]): the metadata of an object. The standard labels can't be
overridden, because selectors use them.
*/}}
{{- define "datadog-token-exporter.metadata" -}}
{{- $standard := default (include "datadog-token-exporter.labels" .root) .standard | fromYaml -}}
{{- $labels := merge $standard (deepCopy (default dict .labels)) (deepCopy (default dict .root.Values.commonLabels)) -}}
{{- $annotations := merge (deepCopy (default dict .annotations)) (deepCopy (default dict .root.Values.commonAnnotations)) -}}
name: {{ .name | quote }}
namespace: {{ default (include "datadog-token-exporter.namespace" .root) .namespace | quote }}
labels:
  {{- toYaml $labels | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "datadog-token-exporter.image" -}}
{{- $registry := default .Values.image.registry .Values.global.imageRegistry -}}
{{- $repository := ternary (printf "%s/%s" $registry .Values.image.repository) .Values.image.repository (ne $registry "") -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Shared by the exporter's pod and the pod of `helm test`. */}}
{{- define "datadog-token-exporter.podCommon" -}}
serviceAccountName: {{ include "datadog-token-exporter.serviceAccountName" . | quote }}
automountServiceAccountToken: false
# Kubernetes would set a variable such as DATADOG_TOKEN_EXPORTER_PORT for each Service, which the program would read as an option.
enableServiceLinks: false
{{- with concat .Values.imagePullSecrets (default list .Values.global.imagePullSecrets) | uniq }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with .Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . | quote }}
{{- end }}
{{- with .Values.schedulerName }}
schedulerName: {{ . | quote }}
{{- end }}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . | quote }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
