#!/usr/bin/python3
"""image.py OUT: an OCI image from scratch, as a layout in a tar: the static program of each Linux target, the certificate
authorities of this machine, a /tmp; not root. The same bytes for the same content."""
import gzip
import hashlib
import io
import json
import pathlib
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLATFORMS = {"linux-x86_64": "amd64", "linux-aarch64": "arm64"}
CA_BUNDLE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
USER = 65532


def member(tar, name, data=b"", mode=0o644, kind=tarfile.REGTYPE):
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.type = len(data), mode, kind
    tar.addfile(info, io.BytesIO(data))


def layer(program):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for folder, mode in (("etc", 0o755), ("etc/ssl", 0o755), ("etc/ssl/certs", 0o755), ("tmp", 0o1777), ("usr", 0o755), ("usr/bin", 0o755)):
            member(tar, folder, mode=mode, kind=tarfile.DIRTYPE)
        member(tar, "etc/passwd", f"nonroot:x:{USER}:{USER}:nonroot:/tmp:/sbin/nologin\n".encode())
        member(tar, "etc/group", f"nonroot:x:{USER}:\n".encode())
        member(tar, "etc/ssl/certs/ca-certificates.crt", CA_BUNDLE.read_bytes())
        member(tar, "usr/bin/arc-ci", program.read_bytes(), 0o755)
    return raw.getvalue()


class Layout:
    def __init__(self):
        self.blobs = {}

    def add(self, data, media_type):
        digest = hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def add_json(self, document, media_type):
        return self.add(json.dumps(document, sort_keys=True).encode(), media_type)

    def image(self, program, architecture):
        plain = layer(program)
        packed = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as file:
            file.write(plain)
        config = self.add_json({
            "architecture": architecture, "os": "linux", "created": "1980-01-01T00:00:00Z",
            "config": {"Entrypoint": ["/usr/bin/arc-ci"], "User": f"{USER}:{USER}", "Env": ["PATH=/usr/bin", "HOME=/tmp"], "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(plain).hexdigest()}"]},
        }, "application/vnd.oci.image.config.v1+json")
        content = self.add(packed.getvalue(), "application/vnd.oci.image.layer.v1.tar+gzip")
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": [content]}
        return {**self.add_json(manifest, manifest["mediaType"]), "platform": {"os": "linux", "architecture": architecture}}

    def write(self, path, manifests):
        index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests}
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
            member(tar, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
            top = self.add_json(index, index["mediaType"])
            member(tar, "index.json", json.dumps({"schemaVersion": 2, "manifests": [top]}).encode())
            for digest in sorted(self.blobs):
                member(tar, f"blobs/sha256/{digest}", self.blobs[digest])


def main(out):
    layout = Layout()
    found = {target: ROOT / f"dist/arc-ci-{target}" for target in PLATFORMS}
    manifests = [layout.image(path, PLATFORMS[target]) for target, path in found.items() if path.exists()]
    if not manifests:
        sys.exit("dist/ holds no Linux program: make dist")
    layout.write(out, manifests)


if __name__ == "__main__":
    main(sys.argv[1])
