// Reads a JSON list of Kubernetes objects and writes a list of the mistakes in each.
//
//     node validate.mjs <node_modules> < objects.json
//
// The validators of @kubernetes-models accept unknown fields. Each object is therefore passed as a Proxy that records which of its
// keys are read: a key that no validator reads is not in the schema.
import {readFileSync} from "node:fs";
import path from "node:path";
import {pathToFileURL} from "node:url";

const modules = process.argv[2];
const secrets = "ComGithubExternalSecretsExternalSecretsApisExternalsecrets";
const operator = "ComGithubPrometheusOperatorPrometheusOperatorPkgApisMonitoring";
const packageOf = {
  "v1": ["kubernetes-models", "IoK8sApiCoreV1"],
  "apps/v1": ["kubernetes-models", "IoK8sApiAppsV1"],
  "policy/v1": ["kubernetes-models", "IoK8sApiPolicyV1"],
  "networking.k8s.io/v1": ["kubernetes-models", "IoK8sApiNetworkingV1"],
  "external-secrets.io/v1": ["@kubernetes-models/external-secrets", `${secrets}V1`],
  "monitoring.coreos.com/v1": ["@kubernetes-models/prometheus-operator", `${operator}V1`],
};

// Kinds that no npm package has the schema of: the fields that the chart may use, from the projects' own definitions (v1 of the
// autoscaler, v1beta1 of the Grafana Operator). A leaf is a type; {} in a leaf's place is a map with any keys.
const ownSchemas = {
  "autoscaling.k8s.io/v1/VerticalPodAutoscaler": {
    targetRef: {apiVersion: "string", kind: "string", name: "string"},
    updatePolicy: {updateMode: "string", minReplicas: "number"},
    resourcePolicy: {containerPolicies: [{containerName: "string", mode: "string", minAllowed: {}, maxAllowed: {},
                                          controlledResources: ["string"], controlledValues: "string"}]},
  },
  "grafana.integreatly.org/v1beta1/GrafanaDashboard": {
    instanceSelector: {matchLabels: {}, matchExpressions: [{}]},
    allowCrossNamespaceImport: "boolean", resyncPeriod: "string", folder: "string",
    configMapRef: {name: "string", key: "string", optional: "boolean"},
  },
};

function watched(value, reads) {
  if (value === null || typeof value !== "object") {
    return value;
  }
  const known = new Set();
  reads.set(value, known);
  const children = new Map();
  return new Proxy(value, {
    get(target, key) {
      known.add(key);
      const child = target[key];
      if (typeof child === "function") {
        return child.bind(target);
      }
      if (!children.has(key)) {
        children.set(key, watched(child, reads));
      }
      return children.get(key);
    },
  });
}

function unknownKeys(value, reads, place) {
  if (value === null || typeof value !== "object") {
    return [];
  }
  return Object.keys(value).flatMap(
    (key) => reads.get(value)?.has(key) ? unknownKeys(value[key], reads, `${place}/${key}`) : [`${place}/${key}: unknown field`]);
}

function againstOwn(value, schema, place) {
  if (typeof schema === "string") {
    return typeof value === schema ? [] : [`${place}: must be ${schema}`];
  }
  if (Array.isArray(schema)) {
    return Array.isArray(value) ? value.flatMap((item, i) => againstOwn(item, schema[0], `${place}/${i}`)) : [`${place}: must be array`];
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return [`${place}: must be object`];
  }
  if (Object.keys(schema).length === 0) {
    return [];
  }
  return Object.keys(value).flatMap(
    (key) => key in schema ? againstOwn(value[key], schema[key], `${place}/${key}`) : [`${place}/${key}: unknown field`]);
}

async function schemaOf(apiVersion, kind) {
  if (!(apiVersion in packageOf)) {
    return null;
  }
  const [name, prefix] = packageOf[apiVersion];
  const file = path.join(modules, name, "_schemas", `${prefix}${kind}.js`);
  return (await import(pathToFileURL(file).href)).validate;
}

async function mistakesOf(object) {
  const name = `${object.kind} ${object.metadata?.name}`;
  const own = ownSchemas[`${object.apiVersion}/${object.kind}`];
  if (own) {
    const {metadata, ...rest} = object;
    const asService = {apiVersion: "v1", kind: "ServiceAccount", metadata};
    return [...(await mistakesOf(asService)),
            ...againstOwn(rest, {apiVersion: "string", kind: "string", spec: own}, "").map((text) => `${name}: ${text}`)];
  }
  const validate = await schemaOf(object.apiVersion, object.kind);
  if (validate === null) {
    return [`${name}: no schema for ${object.apiVersion}`];
  }
  const reads = new Map();
  const valid = validate(watched(object, reads));
  const errors = valid ? [] : validate.errors.map((error) => `${error.instancePath}: ${error.keyword} ${JSON.stringify(error.params)}`);
  return [...errors, ...unknownKeys(object, reads, "")].map((text) => `${name}: ${text}`);
}

const objects = JSON.parse(readFileSync(0, "utf8"));
const mistakes = [];
for (const object of objects) {
  mistakes.push(await mistakesOf(object));
}
console.log(JSON.stringify(mistakes));
