{{/* Written by tests/helm/test_documentation.py --write from values.yaml: what null means, see _prepare.tpl. */}}
{{- define "datadog-token-exporter.defaults" -}}
global:
  imageRegistry: ''
  imagePullSecrets: []
nameOverride: ''
fullnameOverride: ''
namespaceOverride: ''
commonLabels: {}
commonAnnotations: {}
image:
  registry: ''
  repository: datadog-token-exporter
  tag: ''
  digest: ''
  pullPolicy: IfNotPresent
imagePullSecrets: []
datadog:
  name: default
  site: datadoghq.com
  baseUrl: ''
  allowInsecureHttp: false
  filter: ''
  ownedBy: []
  credentials:
    type: keys
    existingSecret: ''
    directory: ''
    apiKey: ''
    appKey: ''
    bearerToken: ''
    keys:
      apiKey: api-key
      appKey: app-key
      bearerToken: bearer-token
  organizations: []
  ca:
    pem: ''
    existingConfigMap: ''
    existingSecret: ''
    key: ca.crt
demo:
  enabled: false
  tokens: 400
  seed: 1
config:
  web:
    telemetry_path: /metrics
configReload:
  enabled: false
  checksumAnnotations: false
web:
  tls:
    enabled: false
    existingSecret: ''
    certKey: tls.crt
    keyKey: tls.key
    clientCAKey: ''
    minVersion: TLS12
  basicAuth:
    users: {}
  extraConfig: {}
  existingSecret: ''
  existingSecretKey: web-config.yml
  existingSecretHasTLS: true
proxy:
  httpsProxy: ''
  noProxy: ''
  existingSecret: ''
  existingSecretKey: https-proxy
replicaCount: 1
sharding:
  enabled: false
  replicas: 2
state:
  enabled: false
  emptyDir:
    medium: ''
    sizeLimit: 256Mi
  persistentVolumeClaim:
    enabled: false
    size: 1Gi
    storageClassName: ''
    accessModes:
    - ReadWriteOnce
    annotations: {}
revisionHistoryLimit: 3
updateStrategy:
  type: RollingUpdate
  rollingUpdate:
    maxSurge: 1
    maxUnavailable: 0
terminationGracePeriodSeconds: 10
containerPorts:
  metrics: 10077
  probe: 10078
service:
  type: ClusterIP
  port: 10077
  probePort: 10078
  clusterIP: ''
  ipFamilyPolicy: ''
  ipFamilies: []
  labels: {}
  annotations: {}
serviceAccount:
  create: true
  name: ''
  labels: {}
  annotations: {}
deploymentLabels: {}
deploymentAnnotations: {}
podLabels: {}
podAnnotations: {}
secretAnnotations: {}
podSecurityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities:
    drop:
    - ALL
resources:
  requests:
    cpu: 10m
    memory: 32Mi
  limits:
    memory: 128Mi
startupProbe: {}
nodeSelector: {}
tolerations: []
affinity: {}
topologySpreadConstraints: []
priorityClassName: ''
runtimeClassName: ''
schedulerName: ''
dnsPolicy: ''
dnsConfig: {}
hostAliases: []
extraArgs: []
extraEnv: []
extraEnvFrom: []
extraVolumes: []
extraVolumeMounts: []
extraContainers: []
initContainers: []
extraObjects: []
serviceMonitor:
  enabled: false
  namespace: ''
  labels: {}
  annotations: {}
  interval: ''
  scrapeTimeout: ''
  jobLabel: app.kubernetes.io/name
  honorLabels: false
  targetLabels: []
  relabelings: []
  metricRelabelings: []
  sampleLimit: 0
  tlsConfig: {}
  basicAuth: {}
podMonitor:
  enabled: false
  namespace: ''
  labels: {}
  annotations: {}
  interval: ''
  scrapeTimeout: ''
  jobLabel: app.kubernetes.io/name
  honorLabels: false
  podTargetLabels: []
  relabelings: []
  metricRelabelings: []
  sampleLimit: 0
  tlsConfig: {}
  basicAuth: {}
prometheusRule:
  enabled: false
  namespace: ''
  labels: {}
  annotations: {}
  matcher: ''
  preset: standard
  runbookUrlBase: ''
  interval: ''
  recordingRules: true
  alertLabels: {}
  alertAnnotations: {}
  alerts: {}
  additionalGroups: []
dashboards:
  enabled: false
  namespace: ''
  labels:
    grafana_dashboard: '1'
  annotations: {}
  folder: Datadog
  folderAnnotation: grafana_folder
  grafanaOperator:
    enabled: false
    instanceSelector:
      matchLabels:
        dashboards: grafana
    allowCrossNamespaceImport: true
    resyncPeriod: 10m
networkPolicy:
  enabled: false
  labels: {}
  annotations: {}
  ingress:
    namespaceSelector:
      matchLabels:
        kubernetes.io/metadata.name: monitoring
    podSelector: {}
    extraFrom: []
    extraRules: []
  egress:
    enabled: true
    dnsTo: []
    to: []
    extraRules: []
podDisruptionBudget:
  enabled: false
  unhealthyPodEvictionPolicy: ''
  labels: {}
  annotations: {}
verticalPodAutoscaler:
  enabled: false
  labels: {}
  annotations: {}
  updateMode: 'Off'
  controlledResources:
  - cpu
  - memory
  controlledValues: RequestsAndLimits
  minAllowed: {}
  maxAllowed: {}
tests:
  enabled: true
  labels: {}
  annotations: {}
  resources:
    requests:
      cpu: 10m
      memory: 16Mi
    limits:
      memory: 64Mi
{{- end -}}
