"""The objects around the pods: their names, how they select the pods, and who may connect."""
import collections
import unittest

import chart


class Names(unittest.TestCase):
    def test_overrides_reach_every_object(self):
        objects = chart.rendering("names")
        long_name = "a-fullname-override-that-takes-all-of-the-sixty-three-chars-xyz"
        self.assertEqual(len(long_name), 63)
        self.assertEqual({each["metadata"]["namespace"] for each in objects}, {"elsewhere"})
        self.assertEqual(objects.one("Deployment")["metadata"]["name"], long_name)
        self.assertEqual(objects.one("Pod")["metadata"]["name"], long_name[:58] + "-test")
        self.assertEqual(objects.pod["spec"]["serviceAccountName"], "someone")
        self.assertIn("--probe=http://" + long_name + ".elsewhere.svc:10077/metrics", objects.one("Pod")["spec"]["containers"][0]["args"])

    def test_a_release_that_has_the_charts_name_is_not_named_twice(self):
        values = {"demo": {"enabled": True}}
        self.assertEqual(chart.render(values, release="datadog-token-exporter").service["metadata"]["name"], "datadog-token-exporter")
        self.assertEqual(chart.render(values, release="a").service["metadata"]["name"], "a-datadog-token-exporter")

    def test_the_longest_release_name_fits(self):
        release = "r" * 53
        for each in chart.render({"demo": {"enabled": True}, "dashboards": {"enabled": True}}, release=release):
            self.assertLessEqual(len(each["metadata"]["name"]), 63)

    def test_labels_and_annotations_reach_their_objects(self):
        objects = chart.rendering("labels-and-annotations")
        for each in objects:
            self.assertEqual(each["metadata"]["labels"]["team"], "security", each["kind"])
            self.assertEqual(each["metadata"]["annotations"]["example.com/owner"], "security", each["kind"])
        for kind, word in (("Deployment", "deployment"), ("Service", "service"), ("ServiceAccount", "account"), ("Pod", "test")):
            self.assertEqual(objects.one(kind)["metadata"]["labels"]["of"], word)
            self.assertEqual(objects.one(kind)["metadata"]["annotations"]["of"], word)
        self.assertEqual(objects.pod["metadata"]["labels"]["of"], "pod")
        self.assertEqual(objects.pod["metadata"]["annotations"]["of"], "pod")
        self.assertEqual(objects.pod["metadata"]["labels"]["team"], "security")

    def test_the_labels_that_select_can_not_be_overridden(self):
        objects = chart.rendering("labels-and-annotations")
        self.assertEqual(objects.pod["metadata"]["labels"]["app.kubernetes.io/name"], "datadog-token-exporter")
        self.assertEqual(objects.pod["metadata"]["labels"]["app.kubernetes.io/instance"], "tokens")


class Monitors(unittest.TestCase):
    def test_a_service_monitor_scrapes_the_service(self):
        objects = chart.rendering("service-monitor")
        monitor, service = objects.one("ServiceMonitor"), objects.service
        self.assertEqual(monitor["metadata"]["namespace"], "monitoring")
        self.assertEqual(monitor["metadata"]["labels"]["release"], "kube-prometheus-stack")
        self.assertEqual(monitor["spec"]["namespaceSelector"], {"matchNames": [service["metadata"]["namespace"]]})
        self.assertLessEqual(monitor["spec"]["selector"]["matchLabels"].items(), service["metadata"]["labels"].items())
        self.assertEqual(monitor["spec"]["sampleLimit"], 50000)
        self.assertEqual(monitor["spec"]["targetLabels"], ["team"])
        endpoint = monitor["spec"]["endpoints"][0]
        self.assertIn(endpoint["port"], [port["name"] for port in service["spec"]["ports"]])
        self.assertEqual([endpoint[key] for key in ("path", "scheme", "interval", "scrapeTimeout", "honorLabels")],
                         ["/tokens", "http", "1m", "10s", True])
        self.assertEqual(len(endpoint["relabelings"]) + len(endpoint["metricRelabelings"]), 2)

    def test_a_pod_monitor_scrapes_pods_over_tls_with_a_password(self):
        objects = chart.rendering("pod-monitor")
        monitor = objects.one("PodMonitor")["spec"]
        self.assertLessEqual(monitor["selector"]["matchLabels"].items(), objects.pod["metadata"]["labels"].items())
        endpoint = monitor["podMetricsEndpoints"][0]
        self.assertIn(endpoint["port"], [port["name"] for port in objects.container["ports"]])
        self.assertEqual(endpoint["scheme"], "https")
        self.assertEqual(endpoint["tlsConfig"], {"insecureSkipVerify": True})
        self.assertEqual(endpoint["basicAuth"]["password"], {"name": "scrape", "key": "password"})

    def test_a_monitor_does_not_scrape_the_pods_of_shards_twice(self):
        objects = chart.rendering("sharding-monitors")
        selector = objects.one("ServiceMonitor")["spec"]["selector"]["matchLabels"].items()
        found = [each["metadata"]["name"] for each in objects
                 if each["kind"] == "Service" and selector <= each["metadata"]["labels"].items()]
        self.assertEqual(found, [objects.service["metadata"]["name"]])

    def test_an_autoscaler_targets_the_workload(self):
        for name in ("vertical-pod-autoscaler", "sharding-monitors"):
            objects = chart.rendering(name)
            target = objects.one("VerticalPodAutoscaler")["spec"]["targetRef"]
            self.assertEqual((target["apiVersion"], target["kind"], target["name"]),
                             ("apps/v1", objects.workload["kind"], objects.workload["metadata"]["name"]))
        objects = chart.rendering("vertical-pod-autoscaler")
        spec = objects.one("VerticalPodAutoscaler")["spec"]
        self.assertEqual(spec["resourcePolicy"]["containerPolicies"][0]["containerName"], objects.container["name"])
        self.assertEqual(spec["updatePolicy"]["updateMode"], "Initial")


class NetworkPolicy(unittest.TestCase):
    def setUp(self):
        self.objects = chart.rendering("network-policy")
        self.spec = self.objects.one("NetworkPolicy")["spec"]

    @staticmethod
    def ports(rule):
        return [(port["port"], port["protocol"]) for port in rule["ports"]]

    def test_ingress_ports_are_container_ports(self):
        ports = {port["containerPort"] for port in self.objects.container["ports"]}
        self.assertEqual(ports, {9999, 10078})
        for rule in self.spec["ingress"]:
            self.assertLessEqual({port for port, _ in self.ports(rule)}, ports)

    def test_ingress_allows_prometheus_and_helm_test(self):
        prometheus, test, extra = self.spec["ingress"]
        self.assertEqual(prometheus["from"][0], {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}}})
        self.assertEqual(prometheus["from"][1], {"ipBlock": {"cidr": "10.0.0.0/8"}})
        test_labels = self.objects.one("Pod")["metadata"]["labels"]
        self.assertLessEqual(test["from"][0]["podSelector"]["matchLabels"].items(), test_labels.items())
        self.assertEqual(self.ports(extra), [(9999, "TCP")])

    def test_egress_allows_dns_datadog_and_extras(self):
        dns, datadog, extra = self.spec["egress"]
        self.assertEqual(self.ports(dns), [(53, "UDP"), (53, "TCP")])
        self.assertEqual(self.ports(datadog), [(443, "TCP"), (80, "TCP"), (9443, "TCP")])
        self.assertEqual(datadog["to"], [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}])
        self.assertEqual(self.ports(extra), [(4317, "TCP")])
        self.assertEqual(self.spec["policyTypes"], ["Ingress", "Egress"])

    def test_egress_allows_the_proxys_port(self):
        """A proxy without a scheme uses http. For a proxy in a Secret the chart requires an egress rule."""
        for name in ("accepted", "proxy-secret-and-policy"):
            ports = [port for rule in chart.rendering(name).one("NetworkPolicy")["spec"]["egress"] for port in self.ports(rule)]
            self.assertIn((3128, "TCP"), ports)

    def test_an_empty_list_of_peers_allows_every_peer(self):
        objects = chart.render({"datadog": {"credentials": {"existingSecret": "keys"}}, "networkPolicy": {"enabled": True}})
        for rule in objects.one("NetworkPolicy")["spec"]["egress"]:
            self.assertNotIn("to", rule)

    def test_egress_can_stay_open(self):
        objects = chart.render({"demo": {"enabled": True}, "networkPolicy": {"enabled": True, "egress": {"enabled": False}}})
        spec = objects.one("NetworkPolicy")["spec"]
        self.assertEqual(spec["policyTypes"], ["Ingress"])
        self.assertNotIn("egress", spec)


class Defaults(unittest.TestCase):
    def test_operator_objects_and_restrictions_are_off(self):
        kinds = collections.Counter(chart.render({"datadog": {"credentials": {"existingSecret": "keys"}}}).kinds())
        self.assertEqual(kinds, collections.Counter(["ConfigMap", "Deployment", "Pod", "Service", "ServiceAccount"]))


if __name__ == "__main__":
    unittest.main(argv=["test_objects", "-v"])
