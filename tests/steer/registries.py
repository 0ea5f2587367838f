"""Random registries for `arc-ci prune`, and what must be left of one: worked out here from the whole of it, not from requests."""
import json
import random

from registry_double import INDEX, MANIFEST
from world import LAYER, attestation_of, image_of, stamp

DAYS, KEEP = 14, 1


class Random:
    """A repository filled at random: nested indexes, attestations, shared layers, referrers by API or by tag, cosign's tags."""

    def __init__(self, seed, repository, referrers):
        self.dice, self.repository, self.referrers = random.Random(seed), repository, referrers
        self.images, self.indexes, self.about = [], [], []
        for number in range(self.dice.randint(4, 14)):
            self.images.append(self.image(number))
        for number in range(self.dice.randint(3, 12)):
            self.indexes.append(self.index(number))
        self.tag()
        for number in range(self.dice.randint(0, 5)):
            self.refer(number)

    def image(self, number):
        days = self.dice.choice([1, 20, 30, 40, 60, 100])
        salt = f"shared {number % 3}" if self.dice.random() < 0.5 else f"own {number}"     # the layer's content
        return image_of(self.repository, self.dice.choice(["linux/amd64", "linux/arm64"]), {}, salt, created=stamp(days), number=number)

    def index(self, number):
        entries = self.dice.sample(self.images, self.dice.randint(1, min(3, len(self.images))))
        for image in list(entries):
            if self.dice.random() < 0.6:
                entries.append(attestation_of(self.repository, image, {"metadata": {"buildFinishedOn": stamp(self.dice.choice([2, 15, 25, 30]))}}))
        if self.indexes and self.dice.random() < 0.3:
            entries.append(self.dice.choice(self.indexes))
        return self.repository.put({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries, "annotations": {"number": str(number)}})

    def tag(self):
        names = ["latest", "1.2.3", "sha-0123456789ab", "pr-7", "stagingish", "buildcaches"]
        for _ in range(self.dice.randint(2, 5)):
            commit = f"staging-{self.dice.getrandbits(48):012x}"
            names += [commit, *(f"{commit}-linux-{name}" for name in ("amd64", "arm64") if self.dice.random() < 0.5)]
        names += ["buildcache", "buildcache-linux-amd64", "buildcache-linux-arm64", "buildcache-linux-s390x"]
        for name in names:
            if self.dice.random() < (0.8 if "-" in name else 0.4):
                self.repository.tags[name] = self.dice.choice(self.images + self.indexes)["digest"]

    @staticmethod
    def refer_to(repository, subject):
        """A signature without a tag; its descriptor."""
        return repository.put({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/x-signature", "layers": [],
                               "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": repository.put_blob(b"{}"), "size": 2},
                               "subject": subject})

    def refer(self, number):
        """A signature of something, maybe of a signature."""
        subject = self.dice.choice(self.images + self.indexes + self.about)
        layer = f"signature {number}".encode()
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/x-signature",
                    "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": self.repository.put_blob(b"{}"), "size": 2},
                    "layers": [{"mediaType": LAYER, "digest": self.repository.put_blob(layer), "size": len(layer)}]}
        flat = subject["digest"].replace(":", "-")
        if self.dice.random() < 0.4:
            self.about.append(self.repository.put(document, flat + ".sig"))
            return
        entry = self.repository.put({**document, "subject": {key: subject[key] for key in ("mediaType", "digest", "size")}})
        self.about.append(entry)
        if not self.referrers:
            listed = self.repository.document(flat)["manifests"] if flat in self.repository.tags else []
            self.repository.put({"schemaVersion": 2, "mediaType": INDEX, "manifests": [*listed, entry]}, flat)


# ---- what must be left -----------------------------------------------------------------------------------------------------


def kind_of(tag):
    if tag.startswith("staging-"):
        return "staging", tag.split("-")[1]
    if tag == "buildcache" or tag.startswith("buildcache-"):
        return "cache", tag
    return ("about" if tag.startswith("sha256-") else "public"), tag


def time_of(repository, digest):
    if digest not in repository.manifests:
        return ""
    document, times = repository.document(digest), [""]
    times += [time_of(repository, child["digest"]) for child in document.get("manifests", [])]
    config = document.get("config", {})
    if "image.config" in config.get("mediaType", ""):
        times.append(json.loads(repository.blobs[config["digest"]]).get("created", ""))
    for layer in document.get("layers", []):
        if "in-toto.io/predicate-type" in layer.get("annotations", {}):
            times.append(json.loads(repository.blobs[layer["digest"]])["predicate"].get("metadata", {}).get("buildFinishedOn", ""))
    return max(times)


def staying_tags(repository):
    """Those that are judged by name and age to stay."""
    times = {}
    for tag, digest in repository.tags.items():
        times.setdefault(kind_of(tag), []).append(time_of(repository, digest))
    times = {build: max(found) for build, found in times.items()}
    staying = set()
    for tag in repository.tags:
        kind, _ = build = kind_of(tag)
        newer = sum(times[other] > times[build] for other in times if other[0] == kind)
        if kind == "public" or kind != "about" and (not times[build] or times[build] >= stamp(DAYS) or newer < KEEP):
            staying.add(tag)
    return staying


def kept_of(repository):
    """(tags, manifests) that must stay."""
    tags = staying_tags(repository)
    documents = {digest: repository.document(digest) for digest in repository.manifests}
    children = {digest: [child["digest"] for child in document.get("manifests", [])] for digest, document in documents.items()}
    subject = {digest: document["subject"]["digest"] for digest, document in documents.items() if "subject" in document}
    named = {tag[:71].replace("-", ":", 1) for tag in repository.tags if kind_of(tag)[0] == "about"}
    met, rest = set(), [*repository.tags.values(), *named]      # what a tag leads to: no registry lists the others
    while rest:
        digest = rest.pop()
        if digest in documents and digest not in met:
            met.add(digest)
            rest += children[digest] + ([subject[digest]] if digest in subject else [])
    reached = {child for digest in met for child in children[digest]} | set(repository.tags.values())
    kept = {repository.tags[tag] for tag in tags}
    for tag in repository.tags:
        about = tag[:71].replace("-", ":", 1)
        if kind_of(tag)[0] == "about" and about in documents and about not in reached:
            kept.add(about)
    while True:
        before = len(kept), len(tags)
        for digest in list(kept):
            kept |= {child for child in children.get(digest, []) if child in documents}
            kept |= {subject[digest]} & documents.keys() if digest in subject else set()
        kept |= {digest for digest, about in subject.items() if about in kept}
        for tag, digest in repository.tags.items():
            if kind_of(tag)[0] == "about" and tag[:71].replace("-", ":", 1) in kept:
                tags.add(tag)
                kept.add(digest)
        if before == (len(kept), len(tags)):
            return tags, kept


def prunable_of(repository, kept, by_api):
    """Manifests that a tag leads to, or that are about one of those, and that need not stay."""
    documents = {digest: repository.document(digest) for digest in repository.manifests}
    found = set(repository.tags.values())
    found |= {tag[:71].replace("-", ":", 1) for tag in repository.tags if tag.startswith("sha256-")} & documents.keys()
    while True:
        before = len(found)
        for digest in list(found):
            found |= {child["digest"] for child in documents[digest].get("manifests", []) if child["digest"] in documents}
            if "subject" in documents[digest] and documents[digest]["subject"]["digest"] in documents:
                found.add(documents[digest]["subject"]["digest"])
        if by_api:
            found |= {digest for digest, document in documents.items()
                      if document.get("subject", {}).get("digest") in found - kept}
        if before == len(found):
            return found - kept
