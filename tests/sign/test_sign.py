"""Signatures by the real cosign: what is signed, what promotion refuses, and whom a secret reaches."""
import json
import os
import shlex
import subprocess

import pytest

import images
from conftest import make_key
from harness import quick_sleep


def referrers(registry, name, digest):
    """The bundles about a digest: docker-registry has no referrers API, so the index under the fallback tag."""
    _, index = registry.manifest(name, digest.replace(":", "-"))
    return [item["artifactType"] for item in (index or {"manifests": []})["manifests"]]


def test_every_index_and_all_that_it_lists_is_signed_once(shop, registry):
    build = shop.built()
    told = shop.sign()
    expected = [(service["service"], digest) for service in build["services"]
                for digest in (service["digest"], *(one for cell in service["cells"] for one in (cell["digest"], *cell["attestations"])))]
    assert [(item["service"], item["digest"]) for item in told["images"]] == expected
    assert {item["action"] for item in told["images"]} == {"signed"}
    for service, digest in expected:
        assert referrers(registry, f"o/arc-{service}", digest) == ["application/vnd.dev.sigstore.bundle.v0.3+json"]
    assert {item["action"] for item in shop.sign()["images"]} == {"unchanged"}
    for service, digest in expected:
        assert len(referrers(registry, f"o/arc-{service}", digest)) == 1


def test_nothing_moves_that_is_not_signed(shop, registry):
    shop.built()
    said = shop.run("build", "--promote", "--build=build.json", status=1).stderr
    assert "a is not signed as it should be" in said and "no signatures found" in said
    assert not [tag for tag in registry.tags("o/arc-a") if tag in ("g-v1.0.0", "latest")]
    shop.sign()
    shop.promote()
    assert {"g-v1.0.0", "latest"} <= set(registry.tags("o/arc-a"))


def test_another_key_and_a_mere_attestation_are_no_signature(shop, registry, tmp_path, cosign):
    build = shop.built()
    make_key(tmp_path, cosign, "other")
    shop.sign(SIGNING_KEY=(tmp_path / "cosign.key").read_text())
    (shop.folder / "cosign.pub").write_bytes((tmp_path / "other.pub").read_bytes())
    said = shop.run("build", "--promote", "--build=build.json", status=1).stderr
    assert "a is not signed as it should be: cosign verify" in said
    # The expected key says something else about the image: that is no signature.
    (tmp_path / "predicate.json").write_text('{"is": "bad"}')
    for service in build["services"]:
        for digest in (service["digest"], *(one for cell in service["cells"] for one in cell["attestations"])):
            subprocess.run([cosign, "attest", "--yes", "--key", tmp_path / "other.key", "--predicate", tmp_path / "predicate.json",
                            "--use-signing-config=false", "--tlog-upload=false", f"{service['image']}@{digest}"], check=True,
                           capture_output=True, env={**shop.env, "HOME": str(tmp_path)})
    said = shop.run("build", "--promote", "--build=build.json", status=1).stderr
    assert "has statements of that identity, but none is a signature" in said
    assert "latest" not in registry.tags("o/arc-a")


def test_what_is_promoted_without_a_ledger_is_checked_too(shop, registry):
    """The staging tag points to an image that was pushed after signing."""
    build = shop.built()
    shop.sign()
    plan = json.loads((shop.folder / "plan.json").read_text())
    service = plan["services"][0]
    images.Images(service["image"]).index(service["platforms"], service["labels"], service["staging"], content="evil")
    said = shop.run("build", "--promote", status=1).stderr
    assert "a is not signed" in said
    assert registry.manifest("o/arc-a", build["services"][0]["digest"])[0]


def test_every_registry_has_its_signatures(shop, registry):
    config = json.loads((shop.folder / ".github/arc-ci.yaml").read_text())
    config["groups"]["g"]["registry"] = [f"{shop.host}/o", f"{shop.host}/mirror"]
    shop.write(".github/arc-ci.yaml", json.dumps(config))
    build = shop.built()
    told = shop.sign()
    assert {item["image"].split("/")[1] for item in told["images"]} == {"o", "mirror"}
    digest = build["services"][0]["digest"]
    assert referrers(registry, "mirror/arc-a", digest) == referrers(registry, "o/arc-a", digest) != []
    shop.promote()
    assert "latest" in registry.tags("mirror/arc-b")
    assert [row["problem"] for row in shop.json("verify", "g/v1.0.0")["services"]] == [None, None]
    # Somebody moves the version's tag in the mirror alone.
    plan = json.loads((shop.folder / "plan.json").read_text())
    service = plan["services"][1]
    images.Images(service["mirrors"][0]).index(service["platforms"], service["labels"], "g-v1.0.0", content="evil")
    rows = json.loads(shop.run("verify", "g/v1.0.0", "--json", status=1).stdout)["services"]
    assert rows[0]["problem"] is None and "mirror/arc-b:g-v1.0.0 is sha256:" in rows[1]["problem"]


WATCH = """#!/bin/sh
{ echo "$*"; env; echo ==; } >> "$HOME/seen"
exec "$REAL" "$@"
"""


def test_secrets_reach_cosign_alone_and_only_when_it_signs(shop, tmp_path, cosign):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/cosign").write_text(WATCH.replace("$REAL", str(cosign)))
    (tmp_path / "bin/cosign").chmod(0o755)
    shop.env["PATH"] = f"{tmp_path}/bin:{shop.env['PATH']}"
    shop.built()
    done = shop.run("sign", "--build=build.json", "--verbose", GITHUB_TOKEN="ghs_secret", OTHER="s3cret")
    shop.promote()
    calls = (tmp_path / "seen").read_text().split("\n==\n")[:-1]
    kinds = [call.split()[0] for call in calls]
    assert set(kinds) == {"sign", "verify"}
    for kind, call in zip(kinds, calls):
        words, _, environment = call.partition("\n")
        assert ("pass word" in environment) == (kind == "sign") == ("ENCRYPTED" in environment)
        assert "ghs_secret" not in call and "s3cret" not in call and "pass word" not in words
    assert "pass word" not in done.stderr + done.stdout and "ENCRYPTED" not in done.stderr + done.stdout


def test_a_wrong_password_is_said_and_signs_nothing(shop, registry):
    build = shop.built()
    said = shop.run("sign", "--build=build.json", status=1, COSIGN_PASSWORD="wrong").stderr
    assert "cosign sign 127.0.0.1" in said and "decrypt" in said and "wrong" not in said.replace("went wrong", "")
    assert not referrers(registry, "o/arc-a", build["services"][0]["digest"])


def test_a_run_that_was_ended_is_finished_by_the_next(shop, cosign, tmp_path):
    """In place of the second signature comes a kill -9."""
    shop.built()
    program = tmp_path / "bin/cosign"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nif [ "$1" = sign ]; then [ ! -e {tmp_path}/signed ] || kill -9 $PPID; touch {tmp_path}/signed; fi\n'
                       f'exec {cosign} "$@"\n')
    program.chmod(0o755)
    shop.run("sign", "--build=build.json", status=-9, PATH=f"{program.parent}:{shop.env['PATH']}")
    told = shop.sign()
    assert [item["action"] for item in told["images"]] == ["unchanged"] + ["signed"] * (len(told["images"]) - 1)
    shop.promote()


BUSY = ('Error: signing [x]: signing bundle: Post "https://rekor.example/api/v1/log/entries": giving up after 2 attempt(s): status 502: '
        "Bad Gateway")


@pytest.mark.parametrize("said, fail, runs, status, told", [
    (BUSY, 4, 4 + 6, 0, ""), (BUSY, 5, 5, 3, "status 502: Bad Gateway"), ("Error: signing: [POST /api/v1/log/entries][503] default", 1, 1 + 6, 0, ""),
    ("Error: signing: [POST /api/v1/log/entries][409] createLogEntryConflict an equivalent entry already exists", 1, 1 + 6, 0, ""),
    ("Error: signing digest: POST https://r.example/v2/x/blobs/uploads/: TOOMANYREQUESTS: retry-after: 10.305464ms, allowed: 2000/minute", 1, 1 + 6, 0,
     ""),
    ("Error: signing: reading key: open cosign.key: no such file or directory", 1, 1, 1, "reading key: open cosign.key")])
def test_what_passes_by_itself_is_tried_again(shop, cosign, tmp_path, said, fail, runs, status, told):
    """Rekor and Fulcio are often busy for a while: the first `fail` calls get no signature."""
    shop.built()
    program = tmp_path / "bin/cosign"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nif [ "$1" = sign ]; then echo x >> {tmp_path}/runs; if [ $(wc -l < {tmp_path}/runs) -le {fail} ]; then\n'
                       f"echo '{said}' >&2; exit 1; fi; fi\nexec {cosign} \"$@\"\n")
    program.chmod(0o755)
    done = shop.run("sign", "--build=build.json", status=status, PATH=f"{program.parent}:{shop.env['PATH']}", LD_PRELOAD=quick_sleep())
    assert told in done.stderr and len((tmp_path / "runs").read_text().split()) == runs


@pytest.mark.parametrize("late, status", [(5, 0), (6, 1)])
def test_a_signature_that_the_registry_lists_late_is_waited_for(shop, cosign, tmp_path, late, status):
    """As Docker Hub: after the first signature, `late` checks find nothing."""
    shop.built()
    program = tmp_path / "bin/cosign"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\n[ "$1" != sign ] || touch {tmp_path}/signed\nif [ "$1" = verify ] && [ -e {tmp_path}/signed ]; then\n'
                       f"echo x >> {tmp_path}/checks; if [ $(wc -l < {tmp_path}/checks) -le {late} ]; then\n"
                       f'echo "Error: no signatures found" >&2; exit 10; fi; fi\nexec {cosign} "$@"\n')
    program.chmod(0o755)
    said = shop.run("sign", "--build=build.json", status=status, PATH=f"{program.parent}:{shop.env['PATH']}", LD_PRELOAD=quick_sleep()).stderr
    assert said.count("waits until the registry lists the signature of sha256:") == 5 and ("no signatures found" in said) == bool(status)


def test_verify_tells_what_is_signed_and_how_anybody_checks(shop, registry):
    build = shop.built()
    said = shop.run("verify", "g/v1.0.0", status=1).stdout
    assert "arc-a:g-v1.0.0 is not in the registry" in said
    shop.sign()
    shop.promote()
    told = shop.json("verify", "g/v1.0.0")
    assert [row["signed"] for row in told["services"]] == [True, True]
    for row in told["services"]:
        (words,) = row["commands"]
        assert words[-1] == f"{row['image']}@{row['digest']}" and "--key=cosign.pub" in words
        subprocess.run(words, cwd=shop.folder, env=shop.env, check=True, capture_output=True)
    notes = shop.run("notes", "--plan=plan.json", "--build=build.json").stdout
    line = next(line for line in notes.splitlines() if line.startswith("cosign verify"))
    subprocess.run(shlex.split(line), cwd=shop.folder, env=shop.env, check=True, capture_output=True)
    # A tag that was moved to another image by hand.
    plan = json.loads((shop.folder / "plan.json").read_text())
    service = plan["services"][1]
    images.Images(service["image"]).index(service["platforms"], service["labels"], "g-v1.0.0", content="evil")
    rows = json.loads(shop.run("verify", "g/v1.0.0", "--json", status=1).stdout)["services"]
    assert [row["signed"] for row in rows] == [True, False] and "is not signed as it should be" in rows[1]["problem"]
    assert rows[0]["digest"] == build["services"][0]["digest"]


def test_verify_does_not_expect_todays_date(shop):
    config = json.loads((shop.folder / ".github/arc-ci.yaml").read_text())
    config["groups"]["g"]["build"] = {"labels": {"built": "{date} {time}", "of": "{version}"}}
    shop.write(".github/arc-ci.yaml", json.dumps(config))
    shop.built(SOURCE_DATE_EPOCH="1700000000")
    assert {"built": "20231114 221320", "of": "1.0.0"}.items() <= json.loads((shop.folder / "plan.json").read_text())["services"][0]["labels"].items()
    shop.sign()
    shop.promote()
    assert [row["problem"] for row in shop.json("verify", "g/v1.0.0")["services"]] == [None, None]
    config["groups"]["g"]["build"]["labels"]["vendor"] = "acme"  # later, in another commit
    shop.write(".github/arc-ci.yaml", json.dumps(config))
    shop.commit("later")
    done = shop.run("verify", "g/v1.0.0", status=1)
    assert "has no label vendor" in done.stdout and "warning: g/v1.0.0 is commit " in done.stderr and "git checkout tags/g/v1.0.0" in done.stderr


def test_without_cosign_nothing_is_signed_and_nothing_moves(shop):
    shop.built()
    for command in (["sign"], ["build", "--promote"]):
        said = shop.run(*command, "--build=build.json", status=3, PATH=os.environ["PATH"]).stderr
        assert "there is no cosign on PATH: install version 3 or later" in said


def test_a_rollback_goes_back_to_nothing_that_is_not_signed(shop, registry):
    """The first version was released before the group signed."""
    config = json.loads((shop.folder / ".github/arc-ci.yaml").read_text())
    sign = config["groups"]["g"].pop("sign")
    shop.write(".github/arc-ci.yaml", json.dumps(config))
    shop.built()
    shop.promote()
    config["groups"]["g"]["sign"] = sign
    shop.write(".github/arc-ci.yaml", json.dumps(config))
    second = shop.built(tag="g/v1.1.0")["services"][0]["digest"]
    shop.sign()
    shop.promote()
    shop.built(tag="g/v1.2.0")
    shop.sign()
    shop.promote()
    for words in (["--dry-run"], []):
        failed = shop.run("rollback", "g", "1.0.0", *words, status=1).stderr
        assert "a is not signed as it should be" in failed and registry.manifest("o/arc-a", "latest")[0] != second
    shop.run("rollback", "g", "1.1.0", PATH=os.environ["PATH"], status=3)
    shop.run("rollback", "g", "1.1.0")
    assert registry.manifest("o/arc-a", "latest")[0] == second
