"""arc-ci build on a real BuildKit and a real registry."""
import gzip
import json
import re
import struct

from shop import Shop

BOTH = ["linux/amd64", "linux/arm64"]


def config_of(engine, name, digest):
    _, manifest = engine.registry.manifest(name, digest)
    status, _, body = engine.registry.get(f"/v2/{name}/blobs/{manifest['config']['digest']}")
    assert status == 200
    return json.loads(body)


def test_a_release_is_built_pushed_and_read_back(shop):
    plan = shop.plan()
    build, _ = shop.build()
    assert [entry["service"] for entry in build["services"]] == ["flash", "sonic"]
    for entry, planned in zip(build["services"], plan["services"]):
        name = shop.name(entry["service"])
        digest, index = shop.engine.registry.manifest(name, planned["staging"])
        assert digest == entry["digest"]
        assert index["annotations"]["arc.ci.key"] == entry["key"]
        assert [cell["platform"] for cell in entry["cells"]] == BOTH
        for cell in entry["cells"]:
            config = config_of(shop.engine, name, cell["digest"])
            assert f"{config['os']}/{config['architecture']}" == cell["platform"]
            assert config["config"]["Labels"].items() >= planned["labels"].items()
            assert len(cell["attestations"]) == 1 and cell["size"] > 10_000 and cell["duration"] > 0
        assert len(entry["base-images"]) == 1
        assert shop.engine.registry.tags(name) == [planned["staging"]]  # nothing public


def test_sizes_are_those_of_the_layers(shop):
    """Every layer is fetched and unpacked here, which arc-ci spares itself."""
    shop.plan()
    build, _ = shop.build()
    for entry in build["services"]:
        name = shop.name(entry["service"])
        for cell in entry["cells"]:
            _, manifest = shop.engine.registry.manifest(name, cell["digest"])
            layers = [shop.engine.registry.get(f"/v2/{name}/blobs/{layer['digest']}")[2] for layer in manifest["layers"]]
            assert cell["size"] == manifest["config"]["size"] + sum(map(len, layers))
            assert cell["unpacked"] == sum(len(gzip.decompress(layer)) for layer in layers)


def test_users_and_labels_are_the_specified_ones(engine, base, repository, tmp_path):
    """Of all three services, on both platforms."""
    for folder in ("messaging", "streaming", "cache"):
        base(folder)
    shop = Shop(engine, tmp_path / "shop", repository, ("flash", "strange", "sonic"))
    shop.plan()
    build, _ = shop.build()
    wanted = {"flash": ("1000:1000", "nats"), "strange": ("10000:0", "pulsar"), "sonic": ("redis", "redis")}
    assert {entry["service"]: len(entry["cells"]) for entry in build["services"]} == dict.fromkeys(wanted, 2)
    for entry in build["services"]:
        for cell in entry["cells"]:
            config = config_of(shop.engine, shop.name(entry["service"]), cell["digest"])["config"]
            user, tech = wanted[entry["service"]]
            assert config["User"] == user
            assert config["Labels"]["arc.service.codename"] == entry["service"]
            assert config["Labels"]["arc.service.tech"] == tech


def test_what_is_there_is_not_built_again(shop):
    shop.plan()
    first, _ = shop.build()
    second, _ = shop.build()
    assert [entry["built"] for entry in first["services"]] == [True, True]
    assert [entry["built"] for entry in second["services"]] == [False, False]
    assert [entry["digest"] for entry in second["services"]] == [entry["digest"] for entry in first["services"]]
    third, _ = shop.build("--rebuild")
    assert [entry["built"] for entry in third["services"]] == [True, True]


def docker_calls(shop):
    """A docker that writes down what it is called with, first on PATH; returns (PATH, the list so far)."""
    folder, log = shop.folder.parent / "calls", shop.folder.parent / "calls/log"
    folder.mkdir()
    (folder / "docker").write_text(f'#!/bin/sh\necho "$1 $2" >> {log}\nexec /usr/bin/docker "$@"\n')
    (folder / "docker").chmod(0o755)
    return f"{folder}:{shop.env['PATH']}", lambda: log.read_text().splitlines()


def test_docker_is_called_once(shop):
    """What costs a tenth of a second each time: buildx has noted its builder by then, and it is the engine's own."""
    shop.plan()
    shop.build()
    assert list((shop.engine.root / "client/buildx").glob("current"))
    path, calls = docker_calls(shop)
    _, stderr = shop.build("--rebuild", env={"PATH": path})
    assert calls() == ["buildx bake"]
    assert "pushing under the staging tags" in stderr


def test_a_changed_input_is_built_again(shop):
    shop.plan()
    shop.build()
    with open(shop.folder / "services/cache/Dockerfile", "a") as dockerfile:
        dockerfile.write("ENV MORE=1\n")
    again, _ = shop.build()
    assert {entry["service"]: entry["built"] for entry in again["services"]} == {"flash": False, "sonic": True}


def test_a_stale_staging_tag_is_not_taken(shop):
    """Another image under the staging tag, with the right key: its labels give it away."""
    plan = shop.plan()
    first, _ = shop.build()
    shop.commit("second")
    shop.git("tag", "messaging/v0.2.0")
    newer = shop.plan(tag="messaging/v0.2.0")
    newer["services"][0]["staging"] = plan["services"][0]["staging"]
    (shop.folder / "plan.json").write_text(json.dumps(newer))
    build, _ = shop.build()
    assert build["services"][0]["built"] and build["services"][0]["digest"] != first["services"][0]["digest"]


def test_a_failing_step_is_shown_with_its_line(shop):
    shop.plan()
    with open(shop.folder / "services/messaging/Dockerfile", "a") as dockerfile:
        dockerfile.write("USER root\nRUN echo the reason; exit 7\n")
    lines = len((shop.folder / "services/messaging/Dockerfile").read_text().splitlines())
    _, stderr = shop.build(status=1)
    assert f"services/messaging/Dockerfile:{lines}: flash" in stderr
    assert "exit code: 7" in stderr and "| the reason" in stderr
    assert "trying again" not in stderr


def test_a_dockerfile_that_does_not_parse(shop):
    shop.plan()
    (shop.folder / "services/cache/Dockerfile").write_text("FROM redis:7.4.9-alpine\nFOO bar\n")
    _, stderr = shop.build(status=1)
    assert "services/cache/Dockerfile:2: sonic" in stderr and "unknown instruction: FOO" in stderr


def elf_for_s390x():
    """A program's header: enough for the kernel to see that it is not for this machine."""
    return b"\x7fELF\x02\x02\x01" + bytes(9) + struct.pack(">HHIQQQIHHHHHH", 2, 22, 1, 0x1000, 64, 0, 0, 64, 56, 0, 64, 0, 0)


def break_shell(shop, lines):
    folder = shop.folder / "services/messaging"
    (folder / "program").write_bytes(elf_for_s390x())
    (folder / "program").chmod(0o755)
    (folder / "Dockerfile").write_text(lines)


def test_a_platform_that_nothing_runs_is_explained(shop):
    shop.plan("--service", "flash", "--platforms", "linux/s390x")
    break_shell(shop, "FROM scratch\nCOPY program /bin/sh\nRUN true\n")
    _, stderr = shop.build(status=1)
    assert "services/messaging/Dockerfile:3: flash linux/s390x: " in stderr
    assert "no node of the builder runs linux/s390x, and emulation is not installed" in stderr
    assert "docker run --privileged --rm tonistiigi/binfmt --install s390x" in stderr


def test_a_program_for_another_platform_is_not_blamed_on_the_builder(shop):
    shop.plan("--service", "flash")
    with open(shop.folder / "services/messaging/Dockerfile") as dockerfile:
        lines = dockerfile.read()
    break_shell(shop, lines + 'COPY program /program\nRUN ["/program"]\n')
    _, stderr = shop.build(status=1)
    assert re.search(r"flash linux/(amd64|arm64): .*exec format error, though the builder runs linux/\1", stderr)
    assert "tonistiigi" not in stderr


def test_without_push_nothing_leaves_the_engine(shop):
    plan = shop.plan(tag=None)
    assert not plan["push"]
    build, _ = shop.build()
    assert build["pushed"] is False
    for entry, planned in zip(build["services"], plan["services"]):
        assert shop.engine.registry.tags(shop.name(entry["service"])) == []
        assert shop.engine.inspect(f"{planned['image']}:{planned['staging']}")["Id"] == entry["digest"]


def test_logs_hold_what_a_step_said(shop):
    shop.plan()
    with open(shop.folder / "services/messaging/Dockerfile", "a") as dockerfile:
        dockerfile.write("USER root\nRUN echo said it on $(uname -m)\n")
    shop.build("--logs", "logs")
    assert "said it on x86_64" in (shop.folder / "logs/flash-linux-amd64.log").read_text()
    assert "said it on aarch64" in (shop.folder / "logs/flash-linux-arm64.log").read_text()


def test_outputs_for_the_workflow(shop):
    shop.plan("--service", "sonic")
    output = shop.folder / "output"
    summary = shop.folder / "summary"
    run = shop.run("build", env={"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(output),
                                 "GITHUB_STEP_SUMMARY": str(summary)})
    values = dict(line.split("=", 1) for line in output.read_text().splitlines() if "=" in line)
    entry = json.loads(values["build"])["services"][0]
    assert values["image-ref"] == values["sonic-image-ref"] == f"{entry['image']}@{entry['digest']}"
    assert int(values["image-size"]) == sum(cell["size"] for cell in entry["cells"])
    assert float(values["build-duration"]) >= 0
    assert "| sonic | linux/arm64 |" in summary.read_text()
    times = re.findall(r"^    linux/(?:amd64|arm64) :(\d{13}), (\d{13})$", summary.read_text(), re.M)
    assert len(times) == 2 and all(int(start) <= int(end) for start, end in times)
    assert run.stderr.count("::group::") == run.stderr.count("::endgroup::") == 1


def test_dry_run_is_what_would_run(shop):
    shop.plan()
    text = shop.run("build", "--dry-run").stdout
    line, document = text.split(" <<'END'\n")
    assert line == "docker buildx bake --file - --progress rawjson --metadata-file metadata.json"
    definition = json.loads(document.removesuffix("\nEND\n"))
    (shop.folder / "bake.json").write_text(json.dumps(definition))
    printed = shop.engine.docker("buildx", "bake", "--print", "-f", shop.folder / "bake.json").stdout
    assert set(json.loads(printed)["target"]) == set(definition["target"]) == {"flash", "sonic"}
    assert shop.engine.registry.tags(shop.name("flash")) == []


def test_no_engine_is_the_worlds_fault(shop):
    shop.plan()
    _, stderr = shop.build(status=3, env={"DOCKER_HOST": "unix:///nowhere/docker.sock"})
    assert "Cannot connect to the Docker daemon" in stderr or "failed to connect to the docker API" in stderr
    assert "start the engine" in stderr


def test_an_older_buildx_gives_plain_progress(shop):
    """A client that refuses rawjson, as buildx before 0.13 does, in front of the real one."""
    folder = shop.folder / "older"
    folder.mkdir()
    (folder / "docker").write_text('#!/bin/sh\ncase "$*" in *rawjson*)\n'
                                   '    echo "ERROR: invalid progress mode rawjson" >&2; exit 1 ;;\nesac\n'
                                   'exec /usr/bin/docker "$@"\n')
    (folder / "docker").chmod(0o755)
    plan = shop.plan()
    build, stderr = shop.build(env={"PATH": f"{folder}:{shop.env['PATH']}"})
    assert stderr.count("this buildx has no rawjson progress") == 1
    assert "[flash linux/arm64 2/2] RUN" in stderr
    for entry, planned in zip(build["services"], plan["services"]):
        assert shop.engine.registry.manifest(shop.name(entry["service"]), planned["staging"])[0] == entry["digest"]
        assert [cell["duration"] for cell in entry["cells"]] == [None, None]
