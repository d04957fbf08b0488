"""The pods: credentials, configuration, image, placement, and when they are replaced."""
import base64
import copy
import unittest

import chart

HASH = "$2y$10$0123456789012345678901234567890123456789012345678901u"
DIRECTORY = "/etc/datadog-token-exporter"


class Credentials(unittest.TestCase):
    def test_an_existing_secret_is_mounted_by_its_key_names(self):
        objects = chart.rendering("existing-secret")
        self.assertNotIn("Secret", objects.kinds())
        self.assertEqual(objects.volume("credentials-0")["secret"], {
            "secretName": "datadog-keys", "defaultMode": 0o440,
            "items": [{"key": "DD_API_KEY", "path": "api-key"}, {"key": "DD_APP_KEY", "path": "app-key"}]})
        self.assertEqual(objects.config["organizations"], [{
            "name": "default", "site": "datadoghq.eu",
            "api_key_file": f"{DIRECTORY}/credentials/default/api-key",
            "app_key_file": f"{DIRECTORY}/credentials/default/app-key"}])

    def test_inline_keys_make_the_charts_own_secret(self):
        objects = chart.rendering("inline-keys")
        secret = objects.one("Secret")
        self.assertEqual({key: base64.b64decode(value).decode() for key, value in secret["data"].items()},
                         {"default.api-key": "0123456789abcdef0123456789abcdef",
                          "default.app-key": "0123456789abcdef0123456789abcdef01234567"})
        self.assertEqual(objects.volume("credentials-0")["secret"]["secretName"], secret["metadata"]["name"])
        self.assertEqual(objects.volume("credentials-0")["secret"]["items"],
                         [{"key": "default.api-key", "path": "api-key"}, {"key": "default.app-key", "path": "app-key"}])

    def test_a_bearer_token_is_one_file(self):
        objects = chart.rendering("inline-bearer-token")
        self.assertEqual(list(objects.one("Secret")["data"]), ["production.bearer-token"])
        self.assertEqual(objects.config["organizations"], [{
            "name": "production", "base_url": "https://proxy.example.com:8443", "filter": "ci-",
            "owned_by": ["00000000-0000-0000-2345-000000000000"],
            "bearer_token_file": f"{DIRECTORY}/credentials/production/bearer-token"}])

    def test_an_access_token_can_be_the_application_key(self):
        objects = chart.rendering("app-key")
        self.assertEqual(objects.volume("credentials-0")["secret"]["items"], [{"key": "app-key", "path": "app-key"}])
        self.assertNotIn("api_key_file", objects.config["organizations"][0])

    def test_external_files_are_named_and_not_mounted(self):
        objects = chart.rendering("credentials-directory")
        self.assertEqual([volume["name"] for volume in objects.pod["spec"]["volumes"]], ["config", "secrets-store"])
        self.assertEqual(objects.config["organizations"][0]["app_key_file"], "/mnt/secrets-store/app-key")

    def test_each_organization_has_its_own(self):
        objects = chart.rendering("organizations")
        names = [volume["secret"]["secretName"] for volume in objects.pod["spec"]["volumes"] if "secret" in volume]
        self.assertEqual(names, ["datadog-production", "datadog-sandbox", "tokens-datadog-token-exporter-credentials"])
        self.assertEqual([(each["name"], each["site"]) for each in objects.config["organizations"]],
                         [("production", "datadoghq.eu"), ("Sandbox.US", "us5.datadoghq.com"), ("inline", "datadoghq.eu")])
        self.assertEqual(objects.config["organizations"][1]["bearer_token_file"],
                         f"{DIRECTORY}/credentials/Sandbox.US/bearer-token")
        self.assertEqual(sorted(objects.one("Secret")["data"]), ["inline.api-key", "inline.app-key"])

    def test_external_secrets_fill_the_secret_that_is_mounted(self):
        objects = chart.rendering("external-secrets")
        spec = objects.one("ExternalSecret")["spec"]
        store = objects.one("SecretStore")
        self.assertEqual(spec["secretStoreRef"], {"kind": store["kind"], "name": store["metadata"]["name"]})
        self.assertEqual(store["spec"]["provider"]["vault"]["auth"]["kubernetes"]["serviceAccountRef"]["name"],
                         objects.one("ServiceAccount")["metadata"]["name"])
        mounted = objects.volume("credentials-0")["secret"]
        self.assertEqual(mounted["secretName"], spec["target"]["name"])
        self.assertEqual([item["key"] for item in mounted["items"]], [each["secretKey"] for each in spec["data"]])
        readme = (chart.CHART / "README.md").read_text(encoding="utf-8")
        values = chart.VALUES["external-secrets"].read_text(encoding="utf-8").splitlines(keepends=True)
        self.assertIn("".join(line for line in values if not line.startswith("#")), readme)

    def test_the_demo_needs_none(self):
        objects = chart.rendering("demo")
        self.assertEqual(objects.variables["DATADOG_TOKEN_EXPORTER_DEMO"], "true")
        self.assertNotIn("organizations", objects.config)
        self.assertEqual([volume["name"] for volume in objects.pod["spec"]["volumes"]], ["config"])

    def test_the_demo_is_off_by_default(self):
        objects = chart.rendering("existing-secret")
        self.assertEqual(objects.variables, {"DATADOG_TOKEN_EXPORTER_CONFIG_FILE": f"{DIRECTORY}/config/config.yaml"})

    def test_the_pod_has_no_arguments_that_exec_would_miss(self):
        for name in set(chart.VALUES) - {"extras"}:
            self.assertEqual(chart.rendering(name).arguments, [], name)


class Rolling(unittest.TestCase):
    """Pods are replaced when files from the chart change, and only then."""

    @staticmethod
    def checksums(values):
        annotations = chart.render(values).pod["metadata"]["annotations"]
        return {name: value for name, value in annotations.items() if name.startswith("checksum/")}

    def changed(self, values, change):
        """The checksums that a change of the values alters."""
        after = copy.deepcopy(values)
        change(after)
        before, after = self.checksums(values), self.checksums(after)
        self.assertEqual(sorted(before), sorted(after))
        return [name for name in before if before[name] != after[name]]

    values = {
        "datadog": {"credentials": {"apiKey": "a" * 32, "appKey": "b" * 40}, "ca": {"pem": "-----BEGIN CERTIFICATE-----\nA"}},
        "web": {"tls": {"enabled": True, "existingSecret": "tls"}, "basicAuth": {"users": {"a": HASH}}},
    }

    def test_an_option_replaces_the_pods(self):
        self.assertEqual(self.changed(self.values, lambda values: values.update(config={"poll": {"interval": "6m"}})), ["checksum/config"])

    def test_a_ca_certificate_replaces_the_pods(self):
        self.assertEqual(self.changed(self.values, lambda values: values["datadog"]["ca"].update(pem="-----BEGIN CERTIFICATE-----\nB")), ["checksum/config"])

    def test_an_inline_key_replaces_the_pods(self):
        self.assertEqual(self.changed(self.values, lambda values: values["datadog"]["credentials"].update(appKey="c" * 40)), ["checksum/credentials"])

    def test_a_password_replaces_the_pods(self):
        self.assertEqual(self.changed(self.values, lambda values: values["web"]["basicAuth"]["users"].update(b=HASH)), ["checksum/web"])

    def test_a_service_label_replaces_no_pod(self):
        self.assertEqual(self.changed(self.values, lambda values: values.update(service={"labels": {"a": "b"}})), [])

    def test_an_existing_secret_has_no_checksum(self):
        self.assertEqual(list(self.checksums({"datadog": {"credentials": {"existingSecret": "keys"}}})), ["checksum/config"])


class Reloading(unittest.TestCase):
    """configReload.enabled: pods apply a change while running, and are replaced only for changes that they can't apply."""
    maxDiff = None
    checksums = staticmethod(Rolling.checksums)

    @staticmethod
    def values():
        return {
            "datadog": {"organizations": [Reloading.organization("one"), Reloading.organization("two")], "ca": {"pem": "-----BEGIN CERTIFICATE-----\nA"}},
            "web": {"tls": {"enabled": True, "existingSecret": "tls"}, "basicAuth": {"users": {"a": HASH}}},
            "configReload": {"enabled": True}}

    @staticmethod
    def organization(name, secret="keys"):
        return {"name": name, "credentials": {"existingSecret": secret, "keys": {"apiKey": f"{name}-api", "appKey": f"{name}-app"}}}

    def assert_replaced(self, change, expected, values=None):
        """Checks whether a change of the values replaces the pods. The change must alter the configuration in any case."""
        before = values or self.values()
        after = copy.deepcopy(before)
        change(after)
        before, after = chart.render(before), chart.render(after)
        self.assertNotEqual([each for each in before if each["kind"] in ("ConfigMap", "Secret")],
                            [each for each in after if each["kind"] in ("ConfigMap", "Secret")])
        if expected:
            self.assertNotEqual(before.pod, after.pod)
        else:
            self.assertEqual(before.pod, after.pod)

    def test_the_program_watches_only_if_enabled(self):
        self.assertEqual(chart.rendering("config-reload").variables["DATADOG_TOKEN_EXPORTER_CONFIG_WATCH"], "true")
        for name in set(chart.VALUES) - {"config-reload"}:
            self.assertNotIn("DATADOG_TOKEN_EXPORTER_CONFIG_WATCH", chart.rendering(name).variables, name)

    def test_reloadable_changes_replace_no_pod(self):
        organizations = lambda values: values["datadog"]["organizations"]  # pylint: disable=unnecessary-lambda-assignment
        for change in (
                lambda values: values.update(config={"poll": {"interval": "6m"}, "log": {"level": "debug"}}),
                lambda values: values["datadog"]["ca"].update(pem="-----BEGIN CERTIFICATE-----\nB"),
                lambda values: values["web"]["basicAuth"]["users"].update(b=HASH),
                lambda values: organizations(values).append(self.organization("three")),
                lambda values: organizations(values).pop(0),
                lambda values: organizations(values).reverse()):
            self.assert_replaced(change, False)

    def test_inline_keys_replace_no_pod(self):
        values = {"datadog": {"credentials": {"apiKey": "a" * 32, "appKey": "b" * 40}}, "configReload": {"enabled": True}}
        self.assert_replaced(lambda values: values["datadog"]["credentials"].update(appKey="c" * 40), False, values)

    def test_reordering_organizations_with_own_secrets_replaces_no_pod(self):
        values = self.values()
        values["datadog"]["organizations"] = [self.organization(name, name) for name in ("b", "c", "a")]
        self.assert_replaced(lambda values: values["datadog"]["organizations"].reverse(), False, values)

    def test_changes_that_can_not_be_reloaded_replace_the_pods(self):
        for change in (
                lambda values: values.update(config={"web": {"telemetry_path": "/federate"}}),
                lambda values: values.update(config={"web": {"max_connections": 5}}),
                lambda values: values.update(config={"log": {"format": "json"}}),
                lambda values: values.update(containerPorts={"metrics": 9999}),
                lambda values: values.update(containerPorts={"probe": 9999}),
                lambda values: values.update(state={"enabled": True}),
                lambda values: values.update(web={}),
                lambda values: values.update(demo={"enabled": True}),
                lambda values: values["datadog"]["organizations"].append(self.organization("three", "another")),
                lambda values: values["datadog"].update(ca={"existingConfigMap": "ca"})):
            self.assert_replaced(change, True)
        values = {"demo": {"enabled": True}, "configReload": {"enabled": True}}
        self.assert_replaced(lambda values: values["demo"].update(tokens=5), True, values)

    def test_checksums_can_be_switched_on_again(self):
        values = self.values()
        self.assertEqual(list(self.checksums(values)), ["checksum/fixed-config"])
        values["datadog"]["organizations"] += [{"name": "inline", "credentials": {"apiKey": "a" * 32, "appKey": "b" * 40}}]
        values["configReload"]["checksumAnnotations"] = True
        self.assertEqual(sorted(self.checksums(values)), ["checksum/config", "checksum/credentials", "checksum/web"])
        with_reload = self.checksums(values)
        values["configReload"]["enabled"] = False
        self.assertEqual(sorted(self.checksums(values)), sorted(with_reload))

    def test_a_secret_is_mounted_once_and_its_keys_are_files(self):
        objects = chart.rendering("config-reload")
        volumes = [volume for volume in objects.pod["spec"]["volumes"] if volume["name"].startswith("credentials-")]
        self.assertEqual([volume["secret"] for volume in volumes], [
            {"secretName": name, "defaultMode": 0o440}
            for name in ("a.partners.token", "datadog-keys", "tokens-datadog-token-exporter-credentials")])
        self.assertEqual(objects.config["organizations"][1], {
            "name": "staging", "site": "datadoghq.com",
            "api_key_file": f"{DIRECTORY}/credentials/datadog-keys/staging-api-key",
            "app_key_file": f"{DIRECTORY}/credentials/datadog-keys/staging-app-key"})
        self.assertEqual(objects.config["organizations"][3]["bearer_token_file"],
                         f"{DIRECTORY}/credentials/tokens-datadog-token-exporter-credentials/inline.bearer-token")

    def test_inline_certificates_change_together_with_the_configuration(self):
        """The kubelet updates the files of one volume atomically, but different volumes one after another."""
        objects = chart.rendering("config-reload")
        self.assertEqual(objects.config["datadog"]["ca_file"], f"{DIRECTORY}/config/ca.crt")
        self.assertEqual([item["path"] for item in objects.volume("config")["configMap"]["items"]], ["config.yaml", "ca.crt"])


class Image(unittest.TestCase):
    def image(self, **values):
        return chart.render({"demo": {"enabled": True}, **values}).container["image"]

    def test_the_tag_is_the_programs_version(self):
        self.assertEqual(self.image(), "datadog-token-exporter:" + chart.version())

    def test_a_global_registry_overrides_the_images(self):
        self.assertEqual(self.image(image={"registry": "ghcr.io/example", "tag": "1"}), "ghcr.io/example/datadog-token-exporter:1")
        self.assertEqual(self.image(image={"registry": "ghcr.io"}, **{"global": {"imageRegistry": "mirror:5000"}}),
                         "mirror:5000/datadog-token-exporter:" + chart.version())

    def test_a_digest_beats_the_tag(self):
        objects = chart.rendering("image")
        image = "registry.example.com:5000/mirror/example/datadog-token-exporter@sha256:" + "0123456789abcdef" * 4
        for _, _, spec in objects.pod_templates():
            self.assertEqual(spec["containers"][0]["image"], image)
            self.assertEqual(spec["containers"][0]["imagePullPolicy"], "Always")
            self.assertEqual(spec["imagePullSecrets"], [{"name": "own"}, {"name": "shared"}])


class Pods(unittest.TestCase):
    def test_probes_use_the_probe_port(self):
        container = chart.rendering("web-tls").container
        self.assertEqual(container["livenessProbe"]["httpGet"], {"path": "/livez", "port": "probe"})
        self.assertEqual(container["readinessProbe"]["httpGet"], {"path": "/readyz", "port": "probe"})
        self.assertNotIn("startupProbe", container)

    def test_null_removes_a_default(self):
        objects = chart.rendering("openshift")
        self.assertNotIn("livenessProbe", objects.container)
        self.assertIn("startupProbe", objects.container)
        self.assertNotIn("limits", objects.container["resources"])
        self.assertEqual(objects.pod["spec"]["securityContext"],
                         {"runAsNonRoot": True, "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": {"type": "RuntimeDefault"}})

    def test_they_run_as_the_images_user(self):
        context = chart.rendering("demo").pod["spec"]["securityContext"]
        self.assertEqual([context[key] for key in ("runAsUser", "runAsGroup", "fsGroup")], [65532] * 3)

    def test_scheduling_reaches_them(self):
        objects = chart.rendering("scheduling")
        spec = objects.pod["spec"]
        self.assertEqual(objects.one("Deployment")["spec"]["strategy"], {"type": "Recreate"})
        self.assertEqual(objects.one("Deployment")["spec"]["replicas"], 2)
        self.assertEqual(spec["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
                         objects.one("Deployment")["spec"]["selector"]["matchLabels"])
        self.assertEqual(spec["topologySpreadConstraints"][1]["labelSelector"], {"matchExpressions": [{"key": "of", "operator": "Exists"}]})
        for key in ("affinity", "nodeSelector", "tolerations", "priorityClassName", "dnsPolicy", "dnsConfig", "hostAliases"):
            self.assertTrue(spec[key], key)
        self.assertEqual(objects.one("PodDisruptionBudget")["spec"]["maxUnavailable"], "50%")
        self.assertEqual(objects.one("PodDisruptionBudget")["spec"]["unhealthyPodEvictionPolicy"], "AlwaysAllow")

    def test_recreate_has_no_rolling_update(self):
        """Kubernetes rejects `rollingUpdate` together with `Recreate`, and the chart's defaults contain it."""
        self.assertEqual(chart.rendering("accepted").workload["spec"]["strategy"], {"type": "Recreate"})

    def test_extras_reach_them(self):
        objects = chart.rendering("extras")
        spec = objects.pod["spec"]
        self.assertEqual(objects.arguments, ["--log.level=debug"])
        self.assertEqual([variable["name"] for variable in objects.container["env"]][-2:], ["TZ", "GOMAXPROCS"])
        self.assertEqual(objects.container["envFrom"], [{"configMapRef": {"name": "more", "optional": True}}])
        self.assertEqual([container["name"] for container in spec["containers"]], ["exporter", "beside"])
        self.assertEqual(spec["initContainers"][0]["name"], "wait")
        self.assertEqual(objects.service["spec"]["ports"][0]["nodePort"], 30077)

    def test_extra_objects_are_templates_when_they_are_texts(self):
        objects = chart.rendering("extras")
        self.assertEqual(objects.one("ConfigMap", "as-it-is")["data"]["text"], "{{ .Release.Name }}")
        self.assertEqual(objects.one("ConfigMap", "tokens-datadog-token-exporter-extra")["data"]["text"], "tokens")

    def test_a_proxy_is_a_variable_or_a_secret_reference(self):
        self.assertEqual(chart.rendering("ca-and-proxy").container["env"][1:],
                         [{"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"},
                          {"name": "NO_PROXY", "value": ".cluster.local,10.0.0.0/8"}])
        self.assertEqual(chart.rendering("ca-from-secret").container["env"][1:],
                         [{"name": "HTTPS_PROXY", "valueFrom": {"secretKeyRef": {"name": "proxy", "key": "https-proxy"}}}])

    def test_there_are_no_extra_variables_by_default(self):
        self.assertEqual(len(chart.rendering("inline-keys").container["env"]), 1)
        self.assertNotIn("envFrom", chart.rendering("inline-keys").container)

    def test_the_ca_comes_from_values_config_map_or_secret(self):
        item = {"key": "ca.crt", "path": "ca.crt"}
        self.assertEqual(chart.rendering("ca-and-proxy").volume("config")["configMap"],
                         {"name": "tokens-datadog-token-exporter", "items": [{"key": "config.yaml", "path": "config.yaml"}, item]})
        self.assertEqual(chart.rendering("ca-and-proxy").config["datadog"], {"ca_file": f"{DIRECTORY}/config/ca.crt"})
        self.assertEqual(chart.rendering("ca-from-configmap").volume("ca")["configMap"], {"name": "company-ca", "items": [item]})
        self.assertEqual(chart.rendering("ca-from-secret").volume("ca")["secret"]["items"], [{"key": "root.pem", "path": "ca.crt"}])
        self.assertEqual(chart.rendering("ca-from-secret").config["datadog"], {"ca_file": f"{DIRECTORY}/ca/ca.crt"})


class Shards(unittest.TestCase):
    """Many organizations: each pod of a StatefulSet polls its own share."""

    def test_each_pod_knows_the_shard_count_and_its_index(self):
        objects = chart.rendering("sharding")
        self.assertNotIn("Deployment", objects.kinds())
        self.assertEqual(objects.workload["spec"]["replicas"], 3)
        self.assertEqual(objects.container["env"][1:], [
            {"name": "DATADOG_TOKEN_EXPORTER_SHARD_COUNT", "value": "3"},
            {"name": "DATADOG_TOKEN_EXPORTER_SHARD_INDEX", "value": "pod-name"},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}])
        self.assertEqual(len(objects.config["organizations"]), 3)

    def test_no_pod_waits_for_another(self):
        self.assertEqual(chart.rendering("sharding").workload["spec"]["podManagementPolicy"], "Parallel")

    def test_pods_have_names_in_dns_before_they_are_ready(self):
        for name in ("sharding", "sharding-monitors", "state-volume"):
            objects = chart.rendering(name)
            service = objects.one("Service", "-pods")
            self.assertEqual(objects.workload["spec"]["serviceName"], service["metadata"]["name"])
            self.assertEqual(service["spec"]["clusterIP"], "None")
            self.assertIs(service["spec"]["publishNotReadyAddresses"], True)
            self.assertLessEqual(service["spec"]["selector"].items(), objects.pod["metadata"]["labels"].items())

    def test_a_stateful_sets_name_leaves_room_for_the_revision_hash(self):
        """The label controller-revision-hash is the name, a dash and up to ten characters."""
        self.assertEqual(chart.rendering("sharding-monitors").workload["metadata"]["name"],
                         "a-fullname-override-that-takes-all-of-the-sixty-thre")

    def test_an_update_changes_no_immutable_field_of_a_stateful_set(self):
        """Kubernetes allows changes only to replicas, template, updateStrategy and a few other fields; the labels contain the
        chart's version, which does change."""
        spec = chart.rendering("sharding").workload["spec"]
        fixed = {key: value for key, value in spec.items() if key not in ("replicas", "template", "revisionHistoryLimit")}
        self.assertEqual(sorted(fixed), ["podManagementPolicy", "selector", "serviceName", "volumeClaimTemplates"])
        labels = fixed["volumeClaimTemplates"][0]["metadata"]["labels"]
        self.assertEqual(labels, spec["selector"]["matchLabels"])

    def test_without_sharding_the_workload_is_a_plain_deployment(self):
        objects = chart.rendering("organizations")
        self.assertEqual(objects.workload["kind"], "Deployment")
        self.assertEqual([variable["name"] for variable in objects.container["env"]], ["DATADOG_TOKEN_EXPORTER_CONFIG_FILE"])
        self.assertEqual([each for each in objects if each["kind"] == "Service"], [objects.service])


class State(unittest.TestCase):
    """The last inventories survive a restart."""

    def test_there_is_none_by_default(self):
        objects = chart.rendering("existing-secret")
        self.assertNotIn("state", objects.config)
        self.assertNotIn("state", [mount["name"] for mount in objects.container["volumeMounts"]])

    def test_the_file_is_on_a_writable_volume(self):
        for name in ("state", "state-volume", "sharding"):
            objects = chart.rendering(name)
            mount = next(mount for mount in objects.container["volumeMounts"] if mount["name"] == "state")
            self.assertEqual(mount, {"name": "state", "mountPath": "/var/lib/datadog-token-exporter"})
            self.assertEqual(objects.config["state"], {"file": "/var/lib/datadog-token-exporter/state"})
            self.assertEqual(objects.pod["spec"]["securityContext"]["fsGroup"], 65532)

    def test_surviving_the_container_takes_no_claim(self):
        objects = chart.rendering("state")
        self.assertEqual(objects.workload["kind"], "Deployment")
        self.assertEqual(objects.volume("state")["emptyDir"], {"medium": "Memory", "sizeLimit": "64Mi"})

    def test_surviving_the_pod_takes_a_claim_per_pod(self):
        one = chart.rendering("state-volume")
        self.assertEqual((one.workload["kind"], one.workload["spec"]["replicas"]), ("StatefulSet", 1))
        self.assertEqual(one.claims()["state"]["spec"],
                         {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}})
        shards = chart.rendering("sharding").claims()["state"]
        self.assertEqual(shards["metadata"]["annotations"], {"of": "claim"})
        self.assertEqual(shards["spec"], {"accessModes": ["ReadWriteOncePod"], "storageClassName": "fast",
                                          "resources": {"requests": {"storage": "2Gi"}}})

    def test_one_pod_with_a_volume_is_no_shard(self):
        container = chart.rendering("state-volume").container
        self.assertEqual([variable["name"] for variable in container["env"]], ["DATADOG_TOKEN_EXPORTER_CONFIG_FILE"])


class Web(unittest.TestCase):
    def test_tls_and_passwords_are_a_file_in_a_secret(self):
        objects = chart.rendering("web-tls")
        self.assertEqual(objects.config["web"]["config"], {"file": f"{DIRECTORY}/web/web-config.yml"})
        self.assertEqual(objects.web_config, {
            "tls_server_config": {
                "cert_file": f"{DIRECTORY}/tls/tls.crt", "key_file": f"{DIRECTORY}/tls/tls.key", "min_version": "TLS13",
                "client_ca_file": f"{DIRECTORY}/tls/ca.crt", "client_auth_type": "RequireAndVerifyClientCert"},
            "basic_auth_users": {"prometheus": HASH},
            "rate_limit": {"interval": "1s", "burst": 20}})

    def test_a_file_in_an_existing_secret_is_used_unchanged(self):
        objects = chart.rendering("web-existing-secret")
        self.assertNotIn("Secret", objects.kinds())
        self.assertEqual(objects.volume("web")["secret"], {"secretName": "exporter-web", "defaultMode": 0o440})
        self.assertEqual(objects.config["web"]["config"], {"file": f"{DIRECTORY}/web/web.yml"})

    def test_there_is_none_by_default(self):
        self.assertNotIn("config", chart.rendering("demo").config["web"])

    def test_helm_test_requests_metrics_or_with_tls_readiness(self):
        def probe(name):
            return chart.rendering(name).one("Pod")["spec"]["containers"][0]["args"]
        host = "http://tokens-datadog-token-exporter.monitoring-tools.svc"
        self.assertEqual(probe("demo"), [f"--probe={host}:10077/metrics"])
        self.assertEqual(probe("options"), [f"--probe={host}:10077/federate"])
        self.assertEqual(probe("web-tls"), [f"--probe={host}:10078/readyz"])
        self.assertEqual(probe("web-existing-secret"), [f"--probe={host}:10078/readyz"])

    def test_the_only_hook_is_that_of_helm_test(self):
        for name in chart.VALUES:
            hooks = {each["kind"]: each["metadata"]["annotations"]["helm.sh/hook"] for each in chart.rendering(name)
                     if "helm.sh/hook" in each["metadata"].get("annotations", {})}
            self.assertEqual(hooks, {} if name == "extras" else {"Pod": "test"}, name)


class Options(unittest.TestCase):
    def test_numbers_stay_whole_however_large(self):
        objects = chart.rendering("options")
        text = objects.one("ConfigMap")["data"]["config.yaml"]
        self.assertNotRegex(text, r"\de\+")
        self.assertEqual(objects.config["demo"], {"tokens": 10000000, "seed": 9007199254740992})
        self.assertEqual(objects.config["tokens"], {"detail": "findings", "detail_limit": 1000000})
        self.assertEqual(objects.config["scopes"], {"limit": 0, "privileged": []})

    def test_the_usual_log_level_is_left_to_the_program(self):
        """Unless a level is set, the program logs only warnings when it lists tokens."""
        self.assertNotIn("level", chart.rendering("demo").config["log"])
        self.assertEqual(chart.rendering("options").config["log"]["level"], "debug")

    def test_the_old_word_for_detail_still_passes(self):
        """The program treats it as `findings` and logs a warning."""
        objects = chart.render({"demo": {"enabled": True}, "config": {"tokens": {"detail": "expiring"}}})
        self.assertEqual(objects.config["tokens"]["detail"], "expiring")

    def test_null_leaves_an_option_to_the_program(self):
        config = chart.rendering("defaults-of-the-program").config
        self.assertNotIn("interval", config["poll"])
        self.assertNotIn("buckets", config)
        self.assertNotIn("privileged", chart.rendering("demo").config["scopes"])
        self.assertEqual(config["scopes"]["privileged"], ["user_access_manage", "org_management"])


if __name__ == "__main__":
    unittest.main(argv=["test_pods", "-v"])
