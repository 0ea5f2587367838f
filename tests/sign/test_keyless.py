"""Signing without a key: the job's OIDC token, a real Fulcio and a real timestamp authority."""
import base64
import json
import shutil
import subprocess

import pytest

from conftest import Shop
from github_double import TOKEN, Double
from harness import quick_sleep
from sigstore import BEARER, Sigstore

IDENTITY = "https://github.com/o/r/.github/workflows/release.yml@refs/tags/g/v1.0.0"


@pytest.fixture(scope="module")
def sigstore(tmp_path_factory, cosign):
    with Sigstore(tmp_path_factory.mktemp("sigstore") / "it", cosign) as sigstore:
        yield sigstore


@pytest.fixture
def shop(tmp_path, registry, cosign, sigstore):
    folder = tmp_path / "shop"
    folder.mkdir()
    for name in ("trusted-root.json", "signing-config.json"):
        shutil.copy(sigstore.folder / name, folder / name)
    shop = Shop(folder, registry.host, cosign, {"services": ["a"], "sign": {
        "with": "cosign", "identity": IDENTITY.replace("release.yml", "*"), "issuer": sigstore.server.issuer,
        "trusted-root": "trusted-root.json", "signing-config": "signing-config.json"}})
    shop.env.update(sigstore.environment())
    return shop


def test_the_jobs_token_signs_and_only_the_expected_identity_counts(shop, registry, sigstore):
    build = shop.built()
    plan = json.loads((shop.folder / "plan.json").read_text())
    assert plan["sign"]["repository"] == "o/r"
    told = shop.sign()
    assert {item["action"] for item in told["images"]} == {"signed"} and sigstore.server.asked >= len(told["images"])
    shop.promote()
    assert "latest" in registry.tags("o/arc-a")
    told = shop.json("verify", "g/v1.0.0")
    assert [row["signed"] for row in told["services"]] == [True]
    (words,) = told["services"][0]["commands"]
    assert "--use-signed-timestamps" in words and f"--certificate-oidc-issuer={sigstore.server.issuer}" in words
    assert words[-1].endswith(build["services"][0]["digest"])
    for change in ({"identity": IDENTITY.replace("release", "other")}, {"repository": "o/else"},
                   {"issuer": sigstore.server.issuer.replace("token", "else")}):
        shop.write("other.json", json.dumps({**plan, "sign": {**plan["sign"], **change}}))
        said = shop.run("build", "--promote", "--plan=other.json", "--build=build.json", status=1).stderr
        assert "a is not signed as it should be" in said, change


def test_a_workflow_that_is_another_signs_for_nobody(shop, sigstore):
    """The same repository, another file: its signature is there, and promotion does not take it."""
    shop.built()
    before = dict(sigstore.claims)
    sigstore.claims["job_workflow_ref"] = "o/r/.github/workflows/evil.yml@refs/pull/1/merge"
    said = shop.run("sign", "--build=build.json", status=1, LD_PRELOAD=quick_sleep()).stderr
    sigstore.claims.update(before)
    assert "cosign verify" in said and BEARER not in said
    assert "a is not signed" in shop.run("build", "--promote", "--build=build.json", status=1).stderr
    shop.sign()
    shop.promote()


def test_a_rollback_goes_back_to_what_a_workflow_of_its_tag_signed(shop, registry, sigstore):
    """Nobody is named: any workflow of this repository that ran for the release's tag, and no other ref that looks like it."""
    config = json.loads((shop.folder / ".github/arc-ci.yaml").read_text())
    del config["groups"]["g"]["sign"]["identity"]
    config["groups"]["g"]["image-tags"].append("sha-{sha}")
    shop.write(".github/arc-ci.yaml", json.dumps(config))
    shop.env["GITHUB_SERVER_URL"] = "https://github.com"
    digests, before = {}, dict(sigstore.claims)
    refs = {"1.0.0": "refs/tags/g/v1.0.0", "1.1.0": "refs/heads/x@refs/tags/g/v1.1.0", "1.2.0": "refs/tags/g/v1.2.0"}
    for version, ref in refs.items():
        workflow = f"o/r/.github/workflows/release.yml@{ref}"
        sigstore.claims |= {"job_workflow_ref": workflow, "workflow_ref": workflow, "ref": ref}
        digests[version] = shop.built(tag=f"g/v{version}", GITHUB_WORKFLOW_REF=workflow)["services"][0]["digest"]
        shop.sign()
        shop.promote()
    sigstore.claims.clear()
    sigstore.claims.update(before)
    shop.env["GITHUB_WORKFLOW_REF"] = "o/r/.github/workflows/rollback.yml@refs/heads/main"
    assert registry.manifest("o/arc-a", "latest")[0] == digests["1.2.0"]
    failed = shop.run("rollback", "g", "1.1.0", status=1).stderr
    assert "a is not signed as it should be" in failed and registry.manifest("o/arc-a", "latest")[0] == digests["1.2.0"]
    shop.run("rollback", "g", "1.0.0", "--sign-identity=https://github.com/o/r/.github/workflows/other.yml@refs/tags/g/v1.0.0", status=1)
    shop.run("rollback", "g", "1.0.0")
    assert registry.manifest("o/arc-a", "latest")[0] == digests["1.0.0"]


def test_whose_workflow_it_was_must_be_known(shop):
    """A workflow that others call signs for any of them: without a repository nobody's signature is taken."""
    shop.built()
    shop.sign()
    shop.promote()
    assert shop.json("verify", "g/v1.0.0")["services"][0]["signed"] is True
    said = shop.run("verify", "g/v1.0.0", status=2, GITHUB_REPOSITORY="").stderr
    assert "any repository may call" in said and "set GITHUB_REPOSITORY (owner/name)" in said
    shop.git("remote", "add", "origin", f"{shop.env['GITHUB_SERVER_URL']}/o/r")
    assert shop.json("verify", "g/v1.0.0", GITHUB_REPOSITORY="")["services"][0]["signed"] is True


def test_without_a_token_it_is_said(shop):
    shop.built()
    shop.env.pop("ACTIONS_ID_TOKEN_REQUEST_URL")
    said = shop.run("sign", "--build=build.json", status=1).stderr
    assert "cosign sign 127.0.0.1" in said


def test_githubs_attestation_is_stored_once(shop, registry, sigstore):
    config = json.loads((shop.folder / ".github/arc-ci.yaml").read_text())
    config["groups"]["g"]["attest"] = "github"
    config["groups"]["g"]["sign"]["identity"] = IDENTITY
    shop.write(".github/arc-ci.yaml", json.dumps(config))
    build = shop.built()
    with Double() as double:
        shop.env.update({"GITHUB_API_URL": double.url, "GITHUB_TOKEN": TOKEN})
        assert [item["action"] for item in shop.sign()["attestations"]] == ["attested"]
        assert [item["action"] for item in shop.sign()["attestations"]] == ["unchanged"]
        (bundle,) = double.state.attestations
        # The very words, signed by nobody: GitHub keeps what anybody with `attestations: write` sent.
        forged = json.loads(json.dumps(bundle))
        signature = base64.b64decode(forged["dsseEnvelope"]["signatures"][0]["sig"])
        forged["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(signature[:-4] + bytes(4)).decode()
        double.state.attestations = [forged]
        assert [item["action"] for item in shop.sign()["attestations"]] == ["attested"]
        assert [item["action"] for item in shop.sign()["attestations"]] == ["unchanged"]
        # A statement of somebody else's about the same image is none of ours.
        double.state.attestations = [json.loads(json.dumps(bundle))]
        sent = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(b"release.yml", b"other.yml")
        double.state.attestations[0]["dsseEnvelope"]["payload"] = base64.b64encode(sent).decode()
        assert [item["action"] for item in shop.sign()["attestations"]] == ["attested"]
        # Ours is met behind a page full of others'.
        double.state.attestations = [double.state.attestations[0]] * 130 + [bundle]
        assert [item["action"] for item in shop.sign()["attestations"]] == ["unchanged"]
        double.state.off["/attestations"] = (403, "Resource not accessible by integration")
        said = shop.run("sign", "--build=build.json", status=3).stderr
        assert "403" in said and TOKEN not in said
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    digest = build["services"][0]["digest"]
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    assert [subject["digest"] for subject in statement["subject"]] == [{"sha256": digest[7:]}]
    assert statement["predicate"]["runDetails"]["builder"]["id"] == IDENTITY
    assert statement["predicate"]["buildDefinition"]["externalParameters"]["workflow"]["path"] == ".github/workflows/release.yml"
    shop.promote()
    words = shop.json("verify", "g/v1.0.0")["services"][0]["commands"][1]
    assert words == ["gh", "attestation", "verify", f"oci://{shop.host}/o/arc-a@{digest}", "--repo", "o/r", "--cert-identity", IDENTITY]
    # What was stored is a bundle that cosign itself takes.
    done = subprocess.run(
        ["cosign", "verify-attestation", "--type=https://slsa.dev/provenance/v1", f"--certificate-identity={IDENTITY}",
         f"--certificate-oidc-issuer={sigstore.server.issuer}", "--trusted-root=trusted-root.json", "--insecure-ignore-tlog=true",
         "--insecure-ignore-sct=true", "--use-signed-timestamps", f"{shop.host}/o/arc-a@{digest}"],
        cwd=shop.folder, env=shop.env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
