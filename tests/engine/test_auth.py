"""A registry that asks for a token, and docker's own ways of keeping a login."""
import base64
import json
import pathlib

import pytest

from faults import Rule

USER, PASSWORD = "robot", "s3cret:with/colon+"


@pytest.fixture
def guarded(shop, proxy):
    """The shop behind a login; guarded.configure_docker(…) writes config.json."""
    shop.through(proxy)
    proxy.login = (USER, PASSWORD)
    folder = shop.folder.parent / "docker"
    folder.mkdir()
    shop.env["DOCKER_CONFIG"] = str(folder)
    shop.configure_docker = lambda config: (folder / "config.json").write_text(json.dumps(config))
    shop.plan()
    return shop


def auths(shop, password=PASSWORD):
    code = base64.b64encode(f"{USER}:{password}".encode()).decode()
    return {"auths": {shop.registry: {"auth": code}}}


def test_a_login_of_docker_is_used(guarded):
    guarded.configure_docker(auths(guarded))
    build, stderr = guarded.build()
    promoted, more = guarded.promote()
    assert guarded.tags("flash")["latest"] == build["services"][0]["digest"]
    assert PASSWORD not in stderr + more


def test_blobs_that_lie_elsewhere_are_followed_there(guarded, proxy):
    """As those of hosted registries do: a redirect to a store of another origin. Each repository asks for one login."""
    guarded.configure_docker(auths(guarded))
    guarded.build()
    proxy.log = []
    proxy.rules = [Rule(r"^GET .*/blobs/.* arc-ci$", "redirect", times=10**6)]
    build, _ = guarded.build()
    assert proxy.rules[0].hits and len(proxy.requests("arc-ci$")) == len(set(proxy.requests("arc-ci$")))
    assert [entry["built"] for entry in build["services"]] == [False, False]
    assert all(cell["unpacked"] for entry in build["services"] for cell in entry["cells"])


def test_a_credential_helper_is_asked(guarded):
    helper = pathlib.Path(guarded.env["DOCKER_CONFIG"]) / "docker-credential-shop"
    helper.write_text('#!/bin/sh\nread -r host\n[ "$1" = get ] || exit 1\n'
                      f'printf \'{{"ServerURL": "%s", "Username": "{USER}", "Secret": "{PASSWORD}"}}\' "$host"\n')
    helper.chmod(0o755)
    guarded.env["PATH"] = f"{helper.parent}:{guarded.env['PATH']}"
    guarded.configure_docker({"credHelpers": {guarded.registry: "shop"}})
    build, _ = guarded.build()
    assert len(build["services"]) == 2


def test_no_login_says_what_to_run(guarded):
    guarded.configure_docker({})
    run = guarded.run("build", status=3)
    assert "gave no token (HTTP 401)" in run.stderr or f"docker login {guarded.registry}" in run.stderr


def test_a_wrong_password_is_not_shown(guarded):
    guarded.configure_docker(auths(guarded, "wrong-password-9"))
    run = guarded.run("build", status=3)
    assert "wrong-password-9" not in run.stdout + run.stderr
    assert "gave no token (HTTP 401)" in run.stderr


def test_a_helper_that_is_missing(guarded):
    guarded.configure_docker({"credsStore": "nowhere"})
    run = guarded.run("build", status=3)
    assert "docker-credential-nowhere, which is not on PATH" in run.stderr
