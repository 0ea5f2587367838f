"""For random repositories and commands: plan, build, notes and version name one commit and existing tags, or the command fails.
ARCCI_REPOSITORIES says how many (a few by default, 500 once)."""
import json
import os
import random
import subprocess

import pytest
from test_context import ARC_CI, Shop

COUNT = int(os.environ.get("ARCCI_REPOSITORIES", "12"))


def tags_of(folder, env):
    """Tag → commit, of the repository that has them all."""
    out = subprocess.run(["git", "for-each-ref", "--format=%(refname:short) %(objectname) %(*objectname)", "refs/tags"],
                         cwd=folder, env=env, check=True, capture_output=True, text=True).stdout
    return {words[0]: words[-1] for words in map(str.split, out.splitlines())}


def grow(shop, dice):
    """Commits, tags in any order (annotated or not, some of another grammar), a branch, a pull request."""
    for step in range(dice.randint(1, 6)):
        shop.write(dice.choice(["a/x", "b/x", "README", "a/dist/x"]), str(dice.random()))
        shop.git("add", "-A", "-f")
        shop.git("commit", "-q", "--allow-empty", "-m", dice.choice(["feat: x", "fix!: y", "wip", "Merge nothing"]))
        if dice.random() < 0.6:
            name = dice.choice(["shop/v1.0.0", "shop/v1.1.0", "shop/v2.0.0-rc.1", "shop/v0.9.0", "v0.1", "other/v1.0.0"])
            shop.git("tag", "-f", *dice.choice([[], ["-a", "-m", "message"]]), name)
    if dice.random() < 0.4:
        shop.git("checkout", "-q", "-b", "topic")
        shop.write("a/topic", "1")
        shop.commit("topic")
        shop.git("checkout", "-q", "main")
        shop.git("merge", "-q", "--no-ff", "topic", "-m", "Merge pull request #7 from o/topic\n\nfeat: topic")


def clone(shop, dice):
    """The repository itself or a clone of some kind, and where it stands."""
    kind = dice.choice(["itself", "whole", "no tags", "shallow", "partial", "treeless", "cut and tagless", "a tag missing"])
    if kind != "itself":
        origin, shop.folder = shop.folder, shop.folder.parent / "clone"
        subprocess.run(["git", "config", "uploadpack.allowFilter", "true"], cwd=origin, env=shop.env, check=True)
        how = {"whole": [], "no tags": ["--no-tags"], "shallow": ["--depth=1"], "partial": ["--filter=blob:none"],
               "treeless": ["--filter=tree:0"], "cut and tagless": ["--depth=2", "--no-tags"], "a tag missing": []}[kind]
        subprocess.run(["git", "clone", "-q", *how, f"file://{origin}", str(shop.folder)], cwd=origin, env=shop.env, check=True)
        here = subprocess.run(["git", "tag"], cwd=shop.folder, env=shop.env, check=True, capture_output=True, text=True).stdout.split()
        if kind == "a tag missing" and here:
            subprocess.run(["git", "tag", "-d", dice.choice(here)], cwd=shop.folder, env=shop.env, check=True, capture_output=True)
    if kind not in ("shallow", "cut and tagless") and dice.random() < 0.3:
        subprocess.run(["git", "checkout", "-q", "HEAD~1"], cwd=shop.folder, env=shop.env, check=False, capture_output=True)
    if dice.random() < 0.3:
        dice.choice([lambda: shop.write("a/Dockerfile", "FROM evil\n"), lambda: shop.write("b/new", "1"),
                     lambda: (shop.folder / "a/service.yaml").unlink()])()
    return kind


@pytest.mark.parametrize("seed", range(COUNT))
def test_one_commit_or_a_failure(tmp_path, seed):
    dice = random.Random(seed)
    shop = Shop(tmp_path, generated=["a/dist/**"])
    grow(shop, dice)
    tags = tags_of(shop.folder, shop.env)
    kind = clone(shop, dice)
    head = shop.git("rev-parse", "HEAD").strip()
    tag = dice.choice([None, "shop/v1.0.0", "shop/v1.1.0", "shop/v2.0.0-rc.1", "shop/v3.0.0"])
    status, out, err = shop.arc("plan", "--json", "--push=false", *([tag] if tag else []))
    if status:
        assert status in (2, 3) and err
        return
    plan = json.loads(out)
    assert plan["revision"] == head, "the plan is about what is checked out"
    if tag and tag in tags:
        assert plan["revision"] == tags[tag], "and about its tag"
    for service in plan["services"]:
        assert service["labels"]["org.opencontainers.image.revision"] == head
    version = plan["version"]
    if version:
        previous = version["previous-tag"]
        assert previous is None or previous in tags
        stable = [name for name in tags if name.startswith("shop/v") and "-" not in name]
        if version["latest"]:
            assert all(name.split("/v")[1].split(".") <= version["version"].split(".") for name in stable)
        moving = {row["tag"] for row in plan["services"][0]["tags"] if row["move"]}
        (tmp_path / "plan.json").write_text(out)
        status, notes, err = shop.arc("notes", "--plan", "../plan.json")
        assert status == 0, err
        pulled = {line.rpartition(":")[2] for line in notes.splitlines() if line.startswith("docker pull") and "@" not in line}
        assert pulled and pulled <= moving
    (tmp_path / "plan.json").write_text(out)
    refused, err = shop.build()
    clean = not subprocess.run(["git", "status", "--porcelain", "-uall", "--", "a", "b"], cwd=shop.folder, env=shop.env,
                               capture_output=True, text=True).stdout.strip()
    assert refused is not clean, err
