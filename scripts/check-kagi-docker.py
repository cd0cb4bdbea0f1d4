"""`kagi serve --bridge` with a real Docker: the commands of docs/kagi.md as they stand; loaded by check-kagi.

The daemon is one of our own (dockerd of Debian's docker.io, root), on a socket and in folders under a temporary directory, without
iptables and without a default bridge, so that no other daemon and no rule of this machine is touched. The image is made here: nothing but links
into /usr, which is mounted to be read. It ends with the check.
"""

import importlib.machinery
import io
import os
import shutil
import socket
import subprocess
import tarfile
import tempfile
import threading
import time
import types

NETWORK = ["network", "create", "--subnet", "169.254.170.0/24", "--gateway", "169.254.170.2", "kagi"]
POWER = "arn:aws:sts::222233334444:assumed-role/Power/alice"


def sibling(root, name):
    module = types.ModuleType("sibling")
    importlib.machinery.SourceFileLoader("sibling", os.path.join(root, "scripts", name)).exec_module(module)
    return module


def image():
    """A root of links into /usr."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("bin", "lib", "lib64", "sbin"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
            tar.addfile(link)
        for name in ("usr", "etc", "tmp", "proc", "sys", "dev"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
    return out.getvalue()


class Daemon:
    def __init__(self, folder):
        self.folder, self.host = folder, f"unix://{folder}/docker.sock"
        self.log = open(f"{folder}/log", "w")
        self.process = subprocess.Popen(
            ["dockerd", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid", "-H", self.host,
             "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--bridge=none", "--storage-driver=vfs"],
            stdout=self.log, stderr=self.log)

    def is_up(self):
        for _ in range(60):
            if self.docker("info").returncode == 0:
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(1)
        return False

    def docker(self, *words, **more):
        return subprocess.run(["docker", "-H", self.host, *words], capture_output=True, **more)

    def end(self):
        self.docker("network", "rm", "kagi")
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def docker(machine, root, kagi, target, venv, check):
    if os.geteuid() != 0 or not (shutil.which("dockerd") and shutil.which("docker")):
        print("--     no Docker of our own can be started here (root, dockerd): not checked")
        return
    with tempfile.TemporaryDirectory(prefix="kagi-docker-") as folder:
        daemon = Daemon(folder)
        try:
            if not daemon.is_up():
                print("--     dockerd does not start here: not checked;", open(f"{folder}/log").read()[-300:])
                return
            daemon.docker("import", "-", "here", input=image())
            made = daemon.docker(*NETWORK)
            check("docker: the network is made as the book says", made.returncode == 0, made)
            containers(machine, sibling(root, "check-kagi-clients.py"), daemon, kagi, target, venv, check)
        finally:
            daemon.end()


def containers(machine, clients, daemon, kagi, target, venv, check):
    relay = socket.create_server(("169.254.170.2", 0))
    aws = tuple(machine.aws["endpoint"].removeprefix("http://").rstrip("/").split(":"))
    threading.Thread(target=clients.hand_on, args=(relay, aws), daemon=True).start()
    around = [f"AWS_ENDPOINT_URL=http://169.254.170.2:{relay.getsockname()[1]}", "AWS_MAX_ATTEMPTS=1"]
    # A virtual environment is links to the Python that made it.
    base = subprocess.run([os.path.join(venv, "bin", "python"), "-c", "import sys; print(sys.base_prefix)"], capture_output=True, text=True).stdout.strip()
    mounts = [word for path in {"/usr", "/etc/ssl", target, base} if os.path.isdir(path) for word in ("-v", f"{path}:{path}:ro")]

    def run(*before, image="here", network=("--network", "kagi"), more=()):
        """As in the book: what is handed over is where to ask, the token and the region."""
        return ["docker", "-H", daemon.host, "run", "--rm", *network, "-e", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "-e", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "-e", "AWS_REGION", "-e", "AWS_DEFAULT_REGION",
                *[word for value in around for word in ("-e", value)], *mounts, *more, image, *before]

    serve = [kagi, "serve", "--bridge", "169.254.170.2", "dev", "--"]
    named = ("boto3", "awscli v1", "JavaScript v3 (npm)", "Rust (crates.io)")
    for name, command in clients.found(target, venv).items():
        if command and name in named:
            seen = machine.run(*serve, *run(*command))
            check(f"docker: {name} in a container is the role", seen.stdout.strip() == POWER, seen)
    seen = machine.run(*serve, *run("env"))
    secret = [line for line in seen.stdout.splitlines() if line.startswith(("AWS_SECRET", "AWS_SESSION", "AWS_ACCESS"))]
    check("docker: no key is in the container's environment", seen.returncode == 0 and "AWS_CONTAINER" in seen.stdout and not secret, seen)
    python = [os.path.join(venv, "bin", "python"), "-c", clients.PYTHON]
    seen = machine.run(*serve, *run(*python, more=("-e", "AWS_CONTAINER_AUTHORIZATION_TOKEN=" + "0" * 64)))
    check("docker: with another token a container is nobody", seen.returncode != 0 and "arn:" not in seen.stdout, seen)
    seen = machine.run(*serve, *run(*python, network=("--network", "none")))
    check("docker: outside of the network a container is nobody", seen.returncode != 0 and "arn:" not in seen.stdout, seen)
    only = [kagi, "serve", "--bridge", "169.254.170.2", "--peer", "169.254.170.9", "dev", "--"]
    seen = machine.run(*only, *run(*python, more=("--ip", "169.254.170.9")))
    check("docker: --peer answers the container it names", seen.stdout.strip() == POWER, seen)
    seen = machine.run(*only, *run(*python, more=("--ip", "169.254.170.10")))
    check("docker: --peer answers no other", seen.returncode != 0 and "arn:" not in seen.stdout, seen)
    seen = machine.run(*serve, *run("sh", "-c", "exit 7"))
    check("docker: the container's exit code is kagi's", seen.returncode == 7, seen)
    relay.close()
