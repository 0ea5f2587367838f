"""Faults put into the gate on purpose: the tests must notice every one. Each mutant is the program linked with one changed
object file."""
import os
import shlex
import subprocess

import pytest
from conftest import ROOT

BUILD = ROOT / "build"
MUTANTS = [
    ("tools/scan/gate.c", old, new) for old, new in [
        # the gate's comparison
        ("worst < policy->fail_on", "worst <= policy->fail_on"),
        ("worst < policy->fail_on", "worst > policy->fail_on"),
        ("worst < policy->fail_on", "worst != policy->fail_on"),
        ("worst < policy->fail_on", "worst < ARC_SEVERITY_CRITICAL"),
        ("worst < policy->fail_on", "worst < ARC_SEVERITIES"),
        ("return policy->block ? ARC_GATE_FAIL : ARC_GATE_REPORT_ONLY;", "return ARC_GATE_REPORT_ONLY;"),
        ("return policy->block ? ARC_GATE_FAIL : ARC_GATE_REPORT_ONLY;", "return policy->block ? ARC_GATE_REPORT_ONLY : ARC_GATE_FAIL;"),
        ("!policy->block && policy->tolerate_no_answer", "!policy->block || policy->tolerate_no_answer"),
        ("!policy->block && policy->tolerate_no_answer", "!policy->block"),
        ("!policy->block && policy->tolerate_no_answer", "policy->tolerate_no_answer"),
        ("? ARC_GATE_REPORT_ONLY : ARC_GATE_FAIL;\n}", "? ARC_GATE_REPORT_ONLY : ARC_GATE_PASS;\n}"),
        # who could not look
        ("if (!error && !findings->target_count)", "if (false)"),
        ("if (error) {", "if (!findings->target_count) {"),
        ("if (error) {", "if (false) {"),
        ("else if (is_stale(judged))", "else if (is_stale(judged) && judged->total)"),
        ("return limit && (unknown || age > limit);", "return limit && age > limit;"),
        ("return limit && (unknown || age > limit);", "return limit && unknown;"),
        # what counts
        ("> judged->worst)", "< judged->worst)"),
        ("finding->kind == VULNERABILITY && !*finding->fixed", "finding->kind == VULNERABILITY"),
        ("policy->severities >> finding->severity & 1", "finding->severity > ARC_SEVERITY_HIGH"),
        ("if (!(policy->severities >> i & 1))", "if (false)"),
        ("finding->fresh = !json_object_get", "finding->fresh = json_object_get"),
    ]
] + [
    ("tools/scan/trivy_report.c", old, new) for old, new in [
        ("if (!reading.schema)", "if (false)"),
        ("if (reading.schema == 1 && !read->results)", "if (false)"),
        ("if (reading.schema == 2 && !*read->artifact)", "if (false)"),
        ("reading->lists_packages || place == PACKAGES;", "false;"),
        ("value->len && !arc_severity_parse(", "value->len && arc_severity_parse("),
        (".severity = (unsigned char)reading->item.severity,", ".severity = ARC_SEVERITY_LOW,"),
    ]
] + [
    ("tools/scan/ignore.c", "entry->expires <= judged->now", "entry->expires > judged->now"),
    ("tools/scan/findings.c", "if (list[i].severity > into->severity)", "if (false)"),
    ("tools/scan/findings.c", "if (list[i].severity > into->severity)", "if (true)"),
]


def commands(target):
    out = subprocess.run(["ninja", "-C", BUILD, "-t", "commands", target], capture_output=True, text=True, check=True).stdout
    return [line for line in out.splitlines() if " -c " in line or " -o " in line]


def words_of(line):
    """A command as words; ninja wraps link commands as `: && … && :`. A mutant may well be worth a warning."""
    words = [word for word in shlex.split(line) if word not in (":", "&&", "-Werror", "-MD")]
    for option in ("-MT", "-MF"):
        if option in words:
            at = words.index(option)
            del words[at:at + 2]
    return words


def compile_mutant(source, text, folder):
    mutant, made = folder / "mutant.c", folder / "mutant.o"
    mutant.write_text(text)
    line, = [line for line in commands("arc-ci") if line.endswith(f"{source}")]
    words = words_of(line)
    words[words.index("-o") + 1] = str(made)
    words[-1] = str(mutant)
    subprocess.run(words, cwd=BUILD, check=True, capture_output=True)
    return made


def link(target, made, folder):
    """The object goes before the archive, which is then not asked for that member."""
    words = words_of(commands(target)[-1])
    program = folder / target.rsplit("/", 1)[-1]
    words[words.index("-o") + 1] = str(program)
    archive = next(i for i, word in enumerate(words) if word.endswith("libarcci.a"))
    words.insert(archive, str(made))
    subprocess.run(words, cwd=BUILD, check=True, capture_output=True)
    return program


def survives(source, text, folder):
    made = compile_mutant(source, text, folder)
    unit = subprocess.run([link("tests/test_scan", made, folder)], capture_output=True, timeout=60)
    if unit.returncode:
        return False
    env = {**os.environ, "ARC_CI": str(link("arc-ci", made, folder)), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", ROOT / "tests/cmd", "-k",
                          "scan and case", ROOT / "tests/scan/test_formats.py::test_format"], env=env, cwd=ROOT,
                         capture_output=True, timeout=300)
    assert run.returncode in (0, 1), run.stdout[-2000:]
    return run.returncode == 0


def test_the_program_itself_survives(tmp_path):
    source = "tools/scan/gate.c"
    assert survives(source, (ROOT / source).read_text(), tmp_path)


@pytest.mark.parametrize("source, old, new", MUTANTS, ids=[f"{s.rsplit('/', 1)[-1]}: {n[:60]}" for s, _, n in MUTANTS])
def test_mutant_is_caught(tmp_path, source, old, new):
    text = (ROOT / source).read_text()
    assert text.count(old) == 1, f"{old!r} is not once in {source}: the mutant must follow the code"
    assert not survives(source, text.replace(old, new), tmp_path), f"no test notices {old!r} -> {new!r}"
