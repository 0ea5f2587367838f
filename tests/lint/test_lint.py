"""`arc-ci lint` passes on this repository, and every rule and every fact fails when what it asks for is taken
away: mutations.yaml has at least one edit per built-in rule, and the facts of .github/arc-ci-lint.yaml are
mutated one by one, by the text they ask for."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import jsonschema
import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from usage import spent  # noqa: E402

ARC_CI = os.environ.get("ARC_CI", str(ROOT / "build/arc-ci"))
RULES_FILE = ".github/arc-ci-lint.yaml"
MUTATIONS = yaml.safe_load((HERE / "mutations.yaml").read_text())
FACTS = yaml.safe_load((ROOT / RULES_FILE).read_text())["facts"]


class Core(yaml.SafeLoader):
    """YAML 1.2: `on` is a string, and so is the workflows' key."""


Core.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Core.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def tracked():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True,
                         check=True).stdout
    return [name for name in out.decode().split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def original(tmp_path_factory):
    """What lint looks at, outside of any repository, so that every file counts."""
    tree = tmp_path_factory.mktemp("lint") / "tree"
    for name in tracked():
        if name.split("/")[0] in (".github", "services", "Makefile", "CLAUDE.md"):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tree / name)
    return tree


@pytest.fixture
def tree(original, tmp_path):
    return pathlib.Path(shutil.copytree(original, tmp_path / "tree"))


def lint(tree, *arguments):
    env = {"PATH": os.environ["PATH"], "HOME": str(tree.parent)}
    run = subprocess.run([ARC_CI, "lint", "--json", *arguments], cwd=tree, env=env, capture_output=True, text=True)
    assert run.returncode in (0, 1), run.stderr
    document = json.loads(run.stdout)
    jsonschema.Draft202012Validator(json.loads((ROOT / "docs/schema/lint.schema.json").read_text())).validate(document)
    if not arguments:
        assert run.returncode == (1 if document["findings"] else 0)
    return document


def rule_names(tree):
    return [rule["name"] for rule in lint(tree, "--rules")["rules"]]


def edit(tree, mutation):
    """Makes the edit; one that changes nothing is a mistake in the table."""
    path = tree / mutation["file"]
    if "write" in mutation:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(mutation["write"])
    elif mutation.get("delete"):
        path.unlink()
    else:
        text = path.read_text()
        old, new = mutation["replace"]
        assert old in text, f"{mutation['file']} does not hold {old!r}"
        path.write_text(text.replace(old, new, 1))


def assert_found(tree, mutation):
    found = lint(tree)["findings"]
    place = mutation.get("found-in", mutation["file"])
    fitting = [f for f in found if f["rule"] == mutation["rule"] and f["file"] == place
               and mutation.get("says", "") in f["message"]]
    assert fitting, f"no finding of {mutation['rule']} in {place}; found: {found}"
    if "at" in mutation:
        lines = (tree / place).read_text().splitlines()
        at = [number for number, line in enumerate(lines, 1) if mutation["at"] in line]
        assert at, f"{place} has no line with {mutation['at']!r}"
        assert {f["line"] for f in fitting} & set(at), f"not on line {at}: {fitting}"


def test_the_repository_passes():
    run = subprocess.run([ARC_CI, "lint"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.endswith("no findings\n")


def test_the_copy_passes(original):
    assert lint(original)["findings"] == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"{m['rule']}: {m['name']}")
def test_mutation(tree, mutation):
    for step in mutation.get("first", []):
        edit(tree, step)
    edit(tree, mutation)
    assert_found(tree, mutation)


def test_every_built_in_rule_has_a_mutation(original):
    document = lint(original, "--rules")["rules"]
    built_in = {rule["name"] for rule in document if rule["from"] == "arc-ci"}
    assert built_in - {mutation["rule"] for mutation in MUTATIONS} == set()


# ---- the facts, one by one ----

def services(tree):
    groups = yaml.safe_load((tree / ".github/arc-ci.yaml").read_text())["groups"]
    for group, value in groups.items():
        for directory in value["services"]:
            yield {**yaml.safe_load((tree / directory / "service.yaml").read_text()), "directory": directory,
                   "group": group}


def fill(text, values):
    return re.sub(r"\{([a-z]+)\}", lambda m: str(values.get(m[1], m[0])), text)


def cases_of(fact):
    groups = yaml.safe_load((ROOT / ".github/arc-ci.yaml").read_text())["groups"]
    about = fact.get("in", groups)
    if fact.get("for") == "service":
        return [values for values in services(ROOT) if values["group"] in about]
    if fact.get("for") == "group":
        return [{"group": name} for name in groups if name in about]
    return [{}]


def fact_mutations():
    """(fact, values, what to take away): the file, and every text the fact asks for."""
    for number, fact in enumerate(FACTS):
        for values in cases_of(fact):
            title = f"{number} {fact['rule']} {values.get('codename', '')}".strip()
            yield pytest.param(fact, values, None, id=f"{title}: file")
            wanted = [*fact.get("has", []), *fact.get("lines", []), *fact.get("text", []), *fact.get("targets", [])]
            for text in wanted:
                yield pytest.param(fact, values, fill(text, values), id=f"{title}: {text}")
            if "is" in fact:
                yield pytest.param(fact, values, fact["is"], id=f"{title}: is {fact['is']}")
            if "lacks" in fact or fact.get("absent"):
                yield pytest.param(fact, values, "add", id=f"{title}: add")
            if set(fact) <= {"rule", "why", "for", "file", "at"} and "at" in fact:
                yield pytest.param(fact, values, "cut", id=f"{title}: cut")


def node_at(document, keys):
    """The places that `at` leads to, as (parent, key)."""
    if len(keys) == 1:
        return [(document, keys[0])]
    key, rest = keys[0], keys[1:]
    if key == "*":
        return [place for child in document.values() for place in node_at(child, rest)]
    if isinstance(document, list):
        name, value = key.split("=", 1)
        return node_at(next(item for item in document if str(item[name]) == value), rest)
    return node_at(document[key], rest)


def without(value, wanted):
    """The value with the wanted text taken out, wherever `has` may have found it."""
    if isinstance(value, str):
        return re.sub(re.escape(wanted).replace("\\ ", r"\s+"), "", value)
    if isinstance(value, dict):
        return {key: inner for key, inner in value.items() if key != wanted}
    if wanted in value:
        return [item for item in value if item != wanted]
    return [without(item, wanted) if wanted in str(item) else item for item in value]


def mutate_tree(path, fact, values, wanted):
    """YAML facts: the value at the place is changed, and the file written anew."""
    document = yaml.load(path.read_text(), Loader=Core)
    keys = [fill(key, values) for key in fact["at"]]
    for parent, key in node_at(document, keys):
        if wanted == "cut":
            del parent[key]
        elif wanted == "add":
            if fact.get("absent"):
                parent[key] = True
            elif key in parent and "lacks" in fact:
                parent[key] = [*parent[key], *fact["lacks"]]
        elif "is" in fact:
            parent[key] = "something else"
        else:
            parent[key] = without(parent[key], wanted)
    path.write_text(yaml.safe_dump(document, sort_keys=False, width=1000))


@pytest.mark.parametrize("fact, values, wanted", fact_mutations())
def test_fact(tree, fact, values, wanted):
    path = tree / fill(fact["file"], values)
    if wanted is None:
        path.unlink()
    elif "at" in fact:
        mutate_tree(path, fact, values, wanted)
    elif "targets" in fact:
        path.write_text(re.sub(rf"(?m)^{re.escape(wanted)}:", "gone:", path.read_text()))
    else:
        text = path.read_text()
        assert wanted in text
        path.write_text(text.replace(wanted, "gone"))
    found = lint(tree)["findings"]
    name = str(path.relative_to(tree))
    # Without its service.yaml, or with a wrong one, a service cannot be asked for anything else.
    rules = {fact["rule"], "config", "service-file"} if name.endswith("service.yaml") else {fact["rule"]}
    if name == "Makefile" and wanted is None:
        rules = {fact["rule"]}
    assert [f for f in found if f["rule"] in rules], f"nothing of {fact['rule']}: {found}"
    assert all(f["line"] >= 1 for f in found)


@pytest.mark.parametrize("has,silent", [("arc-flash-exporter", True), ("arc-flash-importer", False)])
def test_an_exception_covers_the_place_that_it_names(tree, has, silent):
    compose = tree / "services/messaging/docker-compose.yml"
    text = compose.read_text()
    start = text.index("    healthcheck:", text.index("  arc-flash-exporter:"))
    compose.write_text(text[:start] + text[text.index("    logging:", start):])
    assert [f["rule"] for f in lint(tree)["findings"]] == ["health-check"]
    allow = f"allow:\n  - {{rule: health-check, file: {compose.relative_to(tree)}, has: {has}, why: it is a test}}\n"
    edit(tree, {"file": RULES_FILE, "replace": ["facts:\n", allow + "facts:\n"]})
    assert {f["rule"] for f in lint(tree)["findings"]} == (set() if silent else {"health-check", "allow-unused"})


def test_a_fact_about_a_file_that_cannot_be_read_is_a_finding_of_the_fact(tree):
    (tree / "long.txt").write_text("a" * (2 << 20))
    (tree / RULES_FILE).write_text("off: [config]\nfacts:\n  - {rule: says-hello, file: long.txt, lines: [hello]}\n")
    (found,) = lint(tree)["findings"]
    assert found["rule"] == "says-hello" and "longer than the limit" in found["message"]


def test_an_action_that_several_walks_find_is_checked_once(tree):
    steps = "".join(f"    - {{run: 'echo {i} ${{{{ github.actor }}}}', shell: bash}}\n" for i in range(40))
    edit(tree, {"file": ".github/actions/many/action.yml", "write": f"name: m\ndescription: d\nruns:\n  using: composite\n  steps:\n{steps}"})
    edit(tree, {"file": ".github/workflows/x.yml", "write": "on: push\npermissions: {}\njobs: {a: {runs-on: x, steps: [{uses: ./.github/actions/many}]}}\n"})
    found = [f["message"] for f in lint(tree)["findings"] if f["rule"] == "script-expression"]
    assert len(found) == 40, found[-1]


# ---- the guide ----

def blocks(text, language):
    """The fenced blocks of that language, indentation taken off."""
    found = re.findall(rf"(?ms)^( *)```{language}\n(.*?)^ *```$", text)
    return [re.sub(rf"(?m)^{indent}", "", body) for indent, body in found]


def test_the_guide_ends_with_lint_silent(tree):
    guide = (ROOT / "docs/adding-a-service.md").read_text()
    service, group = blocks(guide, "yaml")
    (dockerfile,) = blocks(guide, "dockerfile")
    (row,) = blocks(guide, "markdown")
    store = tree / "services/store"
    store.mkdir()
    (store / "service.yaml").write_text(service)
    for old, new in (("docker-compose.yml", "docker-compose.yml"), ("sonic.mk", "loki.mk")):
        text = (tree / "services/cache" / old).read_text()
        for a, b in (("sonic", "loki"), ("SONIC", "LOKI"), ("services/cache", "services/store"), ("6379", "27017")):
            text = text.replace(a, b)
        (store / new).write_text(text)

    def missing():
        return {(f["rule"], f["file"]) for f in lint(tree)["findings"]}

    # Not released yet, so only what holds for every service is asked for.
    assert missing() == set()
    config = tree / ".github/arc-ci.yaml"
    config.write_text(config.read_text() + group.removeprefix("groups:\n"))
    assert missing() == {("dockerfile", "services/store/Dockerfile"), ("make-includes", "Makefile"),
                         ("think-profile", "services/profiles.yaml"), ("codename-table", "CLAUDE.md"),
                         ("cortex-depends", "services/cortex/service.yaml")}
    (store / "Dockerfile").write_text(dockerfile)
    for name, old, new in (
            ("Makefile", "include services/cache/sonic.mk\n",
             "include services/cache/sonic.mk\ninclude services/store/loki.mk\n"),
            ("services/profiles.yaml", "    - sonic\n", "    - sonic\n    - loki\n"),
            ("services/cortex/service.yaml", "sonic,", "sonic, loki,"),
            ("CLAUDE.md", "| cache |", f"{row.strip()}\n| cache |")):
        edit(tree, {"file": name, "replace": [old, new]})
    assert missing() == set()


@pytest.mark.parametrize("until, silent", [("2000-01-01", False), ("9999-12-31", True)])
def test_a_fact_with_a_last_day(tree, until, silent):
    edit(tree, {"file": RULES_FILE, "replace": ['until: "2027-10-21"', f'until: "{until}"']})
    found = lint(tree)["findings"]
    assert [f["rule"] for f in found] == ([] if silent else ["base-maintained"])
    assert silent or "was valid until 2000-01-01" in found[0]["message"]


@pytest.mark.parametrize("day", ["2027-13-01", "2027-00-10", "2027-10-32", "27-10-21", "2027-10-1", "soon", "2027-10-21x"])
def test_a_last_day_is_a_day(tree, day):
    edit(tree, {"file": RULES_FILE, "replace": ['until: "2027-10-21"', f'until: "{day}"']})
    run = subprocess.run([ARC_CI, "lint"], cwd=tree, capture_output=True, text=True)
    assert run.returncode == 2 and "is not a valid day" in run.stderr


# ---- many groups ----

GENERIC = """\
service-name: arc-{codename}
network: arc_platform_net
style: [ports-loopback, phony]
labels: {arc.service.codename: "{codename}", arc.service.tech: "{tech}"}
facts:
  - rule: make-targets
    for: service
    file: "{directory}/{codename}.mk"
    targets: ["{codename}-up", "{codename}-down"]
  - rule: group-readme
    for: group
    file: docs/{group}.md
"""


def make_service(tree, directory, codename, port):
    """A copy of Sonic under other names."""
    for name in ("Dockerfile", "docker-compose.yml", "service.yaml", "sonic.mk"):
        text = (ROOT / "services/cache" / name).read_text()
        for old, new in (("services/cache", directory), ("sonic", codename), ("SONIC", codename.upper()), ("6379", str(port))):
            text = text.replace(old, new)
        path = tree / directory / name.replace("sonic", codename)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_eight_groups_of_25_services(tmp_path):
    groups = {}
    for number in range(25):
        group, directory = f"g{number % 8}", f"platform/part{number}"
        make_service(tmp_path, directory, f"svc{number}", 7000 + number)
        groups.setdefault(group, {"registry": "registry.example.org/team", "services": []})["services"].append(directory)
    for name, text in ((".github/arc-ci.yaml", yaml.safe_dump({"groups": groups})), (RULES_FILE, GENERIC),
                       *((f"docs/{group}.md", "") for group in groups)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert lint(tmp_path)["findings"] == []
    (tmp_path / "docs/g3.md").unlink()
    compose = tmp_path / "platform/part24/docker-compose.yml"
    compose.write_text(compose.read_text().replace("127.0.0.1:7024", "7024", 1))
    assert [(f["file"], f["rule"]) for f in lint(tmp_path)["findings"]] == [
        ("docs/g3.md", "group-readme"), ("platform/part24/docker-compose.yml", "ports-loopback")]


# ---- what git tracks ----

HOSTILE = {
    "a chain of jobs": (".github/workflows/w.yml", "on: push\npermissions: {}\njobs:\n" + "".join(
        f"  j{i}: {{runs-on: x, needs: j{i + 1}, steps: [{{run: a}}]}}\n" for i in range(4000)) + "  j4000: {uses: ./x}\n"),
    "expressions by alias": (".github/workflows/w.yml", "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps:\n"
                             "    - {run: a, name: &n \"" + "${{ contains(github.x, inputs.y) }}" * 600 + "\"}\n" +
                             "    - {run: a, name: *n}\n" * 30000),
    "expressions in blocks": (".github/workflows/w.yml", "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps:\n" +
                              "    - run: |\n        a ${{ b }}\n    - {uses: actions/cache@" + "0" * 40 + "}\n" +
                              "    - run: |\n        a ${{ b }}\n" * 20000),
    "findings in one block": (".github/workflows/w.yml", "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps:\n" +
                              "    - run: |\n" + "        echo \"a=$(b)\" >> $GITHUB_OUTPUT\n" * 24000),
    "texts of several lines": (".github/workflows/w.yml", "on: push\npermissions: {}\nenv:\n" + "".join(
        f"  A{i}: ${{{{ github.event.issue.body }}}}\n" for i in range(3000)) + "jobs:\n  a:\n    runs-on: x\n    steps:\n" +
                               "    - run: |\n" + "        echo A=$A1 >> $GITHUB_ENV\n" * 20000),
    "versions of actions": (".github/workflows/w.yml", "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps:\n" +
                            "    - uses: actions/cache@" + ("0" * 40 + "\n    - uses: actions/cache@") * 13000 + "v1\n"),
    "unknown keys": (".github/workflows/w.yml", "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps: [{run: a}]\n" +
                     "".join(f"    k{i}: a\n" for i in range(40000))),
    "references in references": (".github/workflows/w.yml", "on: {workflow_call: {inputs: {x: {type: string}}}}\npermissions: {}\njobs:\n  a:\n"
                                 "    runs-on: x\n    steps: [{run: a, if: \"" + "inputs.x[" * 100000 + "\"}]\n"),
    "local steps": (".github/workflows/w.yml", "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: x\n    steps:\n" +
                    "    - uses: ./x\n" * 20000),
    "a value that doubles": ("services/x/Dockerfile", "FROM alpine:3\nENV A=0123456789abcdef\n" + "ENV A=$A$A\n" * 60),
    "stages upon stages": ("services/x/Dockerfile", "FROM alpine:3 AS s0\n" + "".join(
        f"ENV A{i}=x\nFROM s{i} AS s{i + 1}\n" for i in range(8000))),
    "stages that take over labels": ("services/x/Dockerfile", "FROM alpine:3 AS s0\nLABEL " + " ".join(
        f"l{i}=x" for i in range(60000)) + "\n" + "".join(f"FROM s{i} AS s{i + 1}\n" for i in range(990))),
    "stages that run triggers": ("services/x/Dockerfile", "FROM alpine:3 AS s0\n" + "ONBUILD LABEL a=b\n" * 30000 +
                                 "FROM s0\n" * 990),
    "variables one by one": ("services/x/Dockerfile", "FROM alpine:3\n" + "".join(f"ENV A{i}=x\n" for i in range(50000))),
    "labels beside variables": ("services/x/Dockerfile", "FROM alpine:3\nENV " + " ".join(
        f"A{i}=x" for i in range(50000)) + "\n" + "LABEL a=b\n" * 30000),
}


@pytest.mark.parametrize("path, text", HOSTILE.values(), ids=HOSTILE)
def test_what_a_stranger_wrote_takes_no_time(tmp_path, path, text):
    """Before: 5 to 100 seconds, and gigabytes for the Dockerfiles."""
    for name, content in ((".github/arc-ci.yaml", "groups: {web: {registry: example.org/team, services: [services/x]}}\n"),
                          ("services/x/service.yaml", "{name: x, codename: x}\n"),
                          ("services/x/Dockerfile", "FROM alpine:3\nUSER 1\n"), (path, text)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    before = spent()
    lint(tmp_path)
    assert spent() - before < 3


def test_only_tracked_files_count(tree):
    subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
    (tree / ".env").write_text("PASSWORD=correct-horse\n")
    subprocess.run(["git", "add", "Makefile", ".github", "services", "CLAUDE.md"], cwd=tree, check=True)
    assert lint(tree)["findings"] == []
    subprocess.run(["git", "add", "-f", ".env"], cwd=tree, check=True)
    assert [(f["file"], f["line"], f["rule"]) for f in lint(tree)["findings"]] == [(".env", 1, "credentials")]


def test_a_rule_can_be_switched_off(tree):
    (tree / ".env").write_text("PASSWORD=correct-horse\n")
    rules = tree / RULES_FILE
    rules.write_text(rules.read_text().replace("\nfacts:", "\noff: [credentials]\n\nfacts:", 1))
    assert lint(tree)["findings"] == []


# ---- the schemas and the loader agree ----

def schema_validator(name):
    """The schemas refer to one another by file."""
    schema = json.loads((ROOT / f"docs/schema/{name}.schema.json").read_text())
    resolver = jsonschema.RefResolver((ROOT / "docs/schema").as_uri() + "/", schema)
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


@pytest.mark.parametrize("name, schema", [(".github/arc-ci.yaml", "arc-ci"), (RULES_FILE, "arc-ci-lint")])
def test_the_files_fit_their_schemas(name, schema):
    text = (ROOT / name).read_text()
    assert text.startswith(f"# yaml-language-server: $schema=../docs/schema/{schema}.schema.json\n")
    schema_validator(schema).validate(yaml.safe_load(text))


def test_every_service_fits_its_schema():
    validator = schema_validator("service")
    found = sorted((ROOT / "services").glob("*/service.yaml"))
    assert found
    for path in found:
        validator.validate(yaml.safe_load(path.read_text()))


AGREE = yaml.safe_load((HERE / "agree.yaml").read_text())


@pytest.mark.parametrize("case", AGREE, ids=lambda case: case["name"])
def test_schema_and_loader_agree(tree, case):
    if case.get("schema") == "service":
        text = "name: arc-flash\ncodename: flash\n" + case["yaml"]
        (tree / "services/messaging/service.yaml").write_text(text)
        rule = "service-file"
    else:
        text = case["yaml"]
        (tree / ".github/arc-ci.yaml").write_text(text)
        rule = "config"
    valid = schema_validator(case.get("schema", "arc-ci")).is_valid(yaml.safe_load(text))
    loads = not [f for f in lint(tree)["findings"] if f["rule"] == rule]
    assert (valid, loads) == (case["good"], case["good"])
