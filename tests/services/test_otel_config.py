"""The collector's configuration against TASK-031, and the scrape of NATS through its exporter."""
import re

from conftest import ROOT, load

PATH = "services/otel/telemetry/config/otel-collector-config.yaml"
CONFIG = load(PATH)
JOBS = {job["job_name"]: job for job in CONFIG["receivers"]["prometheus"]["config"]["scrape_configs"]}


def relabel(job):
    """What Prometheus' relabelling (action replace, its default regex) makes of the job's target."""
    labels = {"__address__": job["static_configs"][0]["targets"][0], "job": job["job_name"]}
    for rule in job.get("relabel_configs", []):
        source = ";".join(labels.get(name, "") for name in rule.get("source_labels", []))
        match = re.fullmatch(rule.get("regex", "(.*)"), source)
        if match:
            replacement = re.sub(r"\$\{?(\d+)\}?", r"\\\1", rule.get("replacement", "$1"))
            labels[rule["target_label"]] = match.expand(replacement)
    labels.setdefault("instance", labels["__address__"])
    return labels


def test_scrape_jobs_are_as_specified():
    assert list(JOBS) == ["arc-flash", "arc-strange"]
    targets = {name: job["static_configs"] for name, job in JOBS.items()}
    assert targets == {"arc-flash": [{"targets": ["arc-flash:8222"]}],
                       "arc-strange": [{"targets": ["arc-strange:8080"]}]}
    assert {job["scrape_interval"] for job in JOBS.values()} == {"15s"}


def test_nats_is_scraped_through_its_exporter_under_its_own_name():
    labels = relabel(JOBS["arc-flash"])
    exporter = load("services/messaging/docker-compose.yml")["services"]["arc-flash-exporter"]
    port = exporter["command"][exporter["command"].index("-port") + 1]
    assert labels == {"__address__": f"{exporter['container_name']}:{port}", "instance": "arc-flash:8222",
                      "job": "arc-flash"}


def test_pulsar_is_scraped_directly():
    assert relabel(JOBS["arc-strange"])["__address__"] == "arc-strange:8080"


def test_pipelines():
    pipelines = CONFIG["service"]["pipelines"]
    assert {name: pipeline["receivers"] for name, pipeline in pipelines.items()} == \
        {"traces": ["otlp"], "metrics": ["otlp", "prometheus"], "logs": ["otlp"]}


def test_every_component_that_is_used_is_configured_and_the_other_way_round():
    service = CONFIG["service"]
    assert set(service["extensions"]) == set(CONFIG["extensions"])
    for kind in ("receivers", "processors", "exporters"):
        used = {name for pipeline in service["pipelines"].values() for name in pipeline[kind]}
        assert used == set(CONFIG[kind])


def test_the_image_has_the_configuration_where_the_collector_reads_it():
    text = (ROOT / "services/otel/telemetry/Dockerfile").read_text()
    assert "COPY config/otel-collector-config.yaml /etc/otelcol/config.yaml" in text
    assert 'CMD ["--config=/etc/otelcol/config.yaml"]' in text
