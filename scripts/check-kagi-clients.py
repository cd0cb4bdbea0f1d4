"""Every client that can be had here, by every way out of kagi; loaded by check-kagi.

JavaScript v3 from npm, Rust from crates.io, Go v1 and v2, Ruby and the AWS CLI v2 from Debian (golang-go,
golang-github-aws-aws-sdk-go-dev, golang-github-aws-aws-sdk-go-v2-dev, ruby-aws-sdk-core, awscli), awscli v1 and boto3 from PyPI. What is
not here is named, not passed over. Java, PHP, .NET and Terraform's provider are in none of these registries: their documented rules are
tests (app/kagi/tests/kagi/clients.rs).
"""

import os
import shutil
import socket
import subprocess
import threading

RUST = {
    "Cargo.toml": """[package]
name = "who"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
aws-config = { version = "1", default-features = false, features = ["behavior-version-latest", "credentials-process", "default-https-client", "rt-tokio"] }
aws-sdk-sts = { version = "1", default-features = false, features = ["behavior-version-latest", "default-https-client", "rt-tokio"] }
tokio = { version = "1", features = ["rt", "macros"] }
""",
    "src/main.rs": """#[tokio::main(flavor = "current_thread")]
async fn main() {
    let config = aws_config::load_from_env().await;
    match aws_sdk_sts::Client::new(&config).get_caller_identity().send().await {
        Ok(caller) => println!("{}", caller.arn().unwrap_or_default()),
        Err(error) => {
            eprintln!("{}", aws_sdk_sts::error::DisplayErrorContext(error));
            std::process::exit(1);
        }
    }
}
""",
}

# Debian's Go and Ruby SDKs are older than AWS_ENDPOINT_URL.
GO_V1 = """package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/sts"
)

func main() {
	made, err := session.NewSession(&aws.Config{Endpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")), MaxRetries: aws.Int(0)})
	if err == nil {
		var who *sts.GetCallerIdentityOutput
		if who, err = sts.New(made).GetCallerIdentity(nil); err == nil {
			fmt.Println(*who.Arn)
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
"""
GO_V2 = """package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	made, err := config.LoadDefaultConfig(context.TODO())
	if err == nil {
		client := sts.NewFromConfig(made, sts.WithEndpointResolver(sts.EndpointResolverFromURL(os.Getenv("AWS_ENDPOINT_URL"))),
			func(options *sts.Options) { options.Retryer = aws.NopRetryer{} })
		var who *sts.GetCallerIdentityOutput
		if who, err = client.GetCallerIdentity(context.TODO(), nil); err == nil {
			fmt.Println(*who.Arn)
			return
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
"""
RUBY = """require 'aws-sdk-core'
begin
  puts Aws::STS::Client.new(endpoint: ENV['AWS_ENDPOINT_URL'], retry_limit: 0).get_caller_identity.arn
rescue StandardError => error
  warn "#{error.class} #{error.message}"
  exit 1
end
"""
PYTHON = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"


def written(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not os.path.exists(path) or open(path).read() != text:
        with open(path, "w") as file:
            file.write(text)
    return path


def rust(target):
    folder = os.path.join(target, "rust-kagi")
    for name, text in RUST.items():
        written(os.path.join(folder, name), text)
    # Its own target folder, and not the tree's workspace: nothing of an SDK comes into our lock file.
    environment = {**os.environ, "CARGO_TARGET_DIR": os.path.join(folder, "target")}
    done = subprocess.run(["cargo", "build", "--quiet"], cwd=folder, env=environment)
    return [os.path.join(folder, "target", "debug", "who")] if done.returncode == 0 else None


def go(target, name, source, package):
    if not shutil.which("go") or not os.path.isdir(f"/usr/share/gocode/src/{package}"):
        return None
    folder = os.path.join(target, "go-kagi", name)
    program = os.path.join(folder, "who")
    main = written(os.path.join(folder, "main.go"), source)
    if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(main):
        environment = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode",
                       "GOCACHE": os.path.join(target, "go-kagi", "cache")}
        done = subprocess.run(["go", "build", "-o", program, main], env=environment)
        if done.returncode:
            return None
    return [program]


def ruby(target):
    if not shutil.which("ruby") or subprocess.run(["ruby", "-e", "require 'aws-sdk-core'"], capture_output=True).returncode:
        return None
    return ["ruby", written(os.path.join(target, "ruby-kagi", "who.rb"), RUBY)]


def cli_v2():
    for program in ("/usr/local/bin/aws", "/usr/bin/aws"):
        if os.path.exists(program):
            version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
            if version.startswith("aws-cli/2"):
                return [program, "sts", "get-caller-identity", "--query", "Arn", "--output", "text"], version.split()[0]
    return None, ""


def javascript(target):
    script = os.path.join(target, "node-kagi", "who.js")
    return ["node", script] if os.path.exists(script) else None


def found(target, venv):
    """Each client as a command that prints who it is."""
    two, version = cli_v2()
    return {
        "boto3": [os.path.join(venv, "bin", "python"), "-c", PYTHON],
        "awscli v1": [os.path.join(venv, "bin", "aws"), "sts", "get-caller-identity", "--query", "Arn", "--output", "text"],
        f"AWS CLI v2 ({version or 'apt-get install awscli'})": two,
        "JavaScript v3 (npm)": javascript(target),
        "Rust (crates.io)": rust(target),
        "Go v1 (golang-github-aws-aws-sdk-go-dev)": go(target, "v1", GO_V1, "github.com/aws/aws-sdk-go"),
        "Go v2 (golang-github-aws-aws-sdk-go-v2-dev)": go(target, "v2", GO_V2, "github.com/aws/aws-sdk-go-v2"),
        "Ruby (ruby-aws-sdk-core)": ruby(target),
    }


def clients(machine, kagi, target, venv, check):
    bob = machine.user("bob")
    static = {"AWS_ACCESS_KEY_ID": bob[0], "AWS_SECRET_ACCESS_KEY": bob[1]}
    dev = "arn:aws:sts::222233334444:assumed-role/Power/alice"
    prod = dev.replace("222233334444", "333344445555")
    for name, command in found(target, venv).items():
        if not command:
            print(f"--     {name} is not here: not checked")
            continue
        if command[0].endswith("/aws") and "v2" in name:
            # Debian's is older than AWS_ENDPOINT_URL.
            command = [*command, "--endpoint-url", machine.aws["endpoint"]]
        run = lambda *argv, **more: machine.run(*argv, **more)

        def is_who(arn, seen):
            return seen.stdout.strip() == arn, seen

        check(f"{name}: credential_process", *is_who(dev, run(*command, AWS_PROFILE="dev", AWS_SDK_LOAD_CONFIG="1")))
        check(f"{name}: kagi exec", *is_who(prod, run(kagi, "exec", "prod", "--", *command)))
        check(f"{name}: kagi exec, with somebody's keys around", *is_who(dev, run(kagi, "exec", "dev", "--", *command, **static)))
        check(f"{name}: kagi exec --env-keys", *is_who(dev, run(kagi, "exec", "--env-keys", "dev", "--", *command)))
        shell = f'eval "$({kagi} env --shell bash dev)" && exec "$@"'
        check(f"{name}: kagi env", *is_who(dev, run("bash", "-c", shell, "bash", *command, **static)))
        served = run(kagi, "serve", "dev", "--", *command, **static)
        if name.startswith("Ruby") and "MissingCredentials" in served.stderr:
            # Debian's 3.168 asks AWS_CONTAINER_CREDENTIALS_RELATIVE_URI only.
            check(f"{name}: kagi serve, which it is too old for, makes it nobody", "arn:" not in served.stdout, served)
        else:
            check(f"{name}: kagi serve", *is_who(dev, served))
        machine.kagi("lock")
        seen = run(kagi, "exec", "dev", "--", "true", KAGI_PASSPHRASE_PROGRAM="", KAGI_PROMPT_PROGRAM="")
        check(f"{name}: locked, kagi exec says so", seen.returncode != 0 and "kagi unlock" in seen.stderr, seen)
        machine.kagi("unlock")
        fails = ["bash", "-c", f'{kagi} lock; exec "$@"', "bash", *command]
        silent = {"KAGI_PASSPHRASE_PROGRAM": "", "KAGI_PROMPT_PROGRAM": ""}
        seen = machine.run("bash", "-c", f'eval "$({kagi} env --shell bash dev)" && exec "$@"', "bash", *fails, **silent)
        check(f"{name}: kagi fails inside, and the program is nobody", seen.returncode != 0 and "arn:" not in seen.stdout, seen)
        machine.kagi("unlock")


ASK = """import os, sys, urllib.request
request = urllib.request.Request(os.environ['AWS_CONTAINER_CREDENTIALS_FULL_URI'], headers={'Authorization': sys.argv[1]})
try:
    print(urllib.request.urlopen(request, timeout=5).status)
except Exception as error:
    print(getattr(error, 'code', type(error).__name__))
"""


def bridge(machine, kagi, target, venv, check):
    """`kagi serve --bridge`: a bridge and a network namespace behind it, as container engines make them, with the real clients inside."""
    name = f"kg{os.getpid() % 100000}"
    make = [f"link add {name} type bridge", f"addr add 169.254.170.2/24 dev {name}", f"link set {name} up", f"netns add {name}",
            f"link add {name}a type veth peer name {name}b", f"link set {name}a master {name} up", f"link set {name}b netns {name}",
            f"-n {name} addr add 169.254.170.3/24 dev {name}b", f"-n {name} link set {name}b up", f"-n {name} link set lo up"]
    try:
        for words in make:
            if not shutil.which("ip") or subprocess.run(["ip", *words.split()], capture_output=True).returncode:
                print("--     no bridge can be made here (root, iproute2): kagi serve --bridge is not checked")
                return
        behind_bridge(machine, kagi, found(target, venv), name, check)
    finally:
        for words in (f"netns del {name}", f"link del {name}a", f"link del {name}"):
            subprocess.run(["ip", *words.split()], capture_output=True)


def behind_bridge(machine, kagi, clients, name, check):
    relay = socket.create_server(("169.254.170.2", 0))
    aws = tuple(machine.aws["endpoint"].removeprefix("http://").rstrip("/").split(":"))
    threading.Thread(target=hand_on, args=(relay, aws), daemon=True).start()
    # What `docker run -e A -e B` hands over, and no more.
    handed = ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_REGION"]
    inside = ["bash", "-c", "exec ip netns exec " + name + " env -i PATH=\"$PATH\" HOME=/nonexistent AWS_EC2_METADATA_DISABLED=true AWS_MAX_ATTEMPTS=1 "
              f"AWS_DEFAULT_REGION=us-east-1 AWS_ENDPOINT_URL=http://169.254.170.2:{relay.getsockname()[1]} "
              + " ".join(f'{variable}="${variable}"' for variable in handed) + ' "$@"', "bash"]
    serve = [kagi, "serve", "--bridge", "169.254.170.2"]
    for client, command in clients.items():
        # Debian's Go and AWS CLI ask an endpoint of their own only where it is typed; Ruby's is too old.
        if command and client in ("boto3", "awscli v1", "JavaScript v3 (npm)", "Rust (crates.io)"):
            seen = machine.run(*serve, "dev", "--", *inside, *command)
            check(f"{client} in a container: kagi serve --bridge", seen.stdout.strip() == "arn:aws:sts::222233334444:assumed-role/Power/alice", seen)
    ask = ["python3", "-c", ASK]
    def asked(token, *serve_arguments, before=inside):
        return machine.run(*serve, *serve_arguments, "dev", "--", *before, *ask, token).stdout.strip()
    token = ["bash", "-c", 'exec "$@" "$AWS_CONTAINER_AUTHORIZATION_TOKEN"', "bash"]
    check("a container with another token is refused", asked("0" * 64) == "401")
    right = machine.run(*serve, "dev", "--", *token, *inside, *ask).stdout.strip()
    check("a container with the token is answered", right == "200", right)
    right = machine.run(*serve, "--peer", "169.254.170.3", "dev", "--", *token, *inside, *ask).stdout.strip()
    check("the container that was named is answered", right == "200", right)
    wrong = machine.run(*serve, "--peer", "169.254.170.4", "dev", "--", *token, *inside, *ask).stdout.strip()
    check("another one than was named is not, with the right token", wrong in ("RemoteDisconnected", "ConnectionResetError", "URLError"), wrong)
    right = machine.run(*serve, "dev", "--", *token, *ask).stdout.strip()
    check("on the bridge a process of the same user of this machine is answered", right == "200", right)
    other = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    wrong = machine.run(*serve, "dev", "--", *token, *other, *ask).stdout.strip()
    check("a process of another user of this machine is not", wrong in ("RemoteDisconnected", "ConnectionResetError", "URLError"), wrong)
    tunnel = name + "t"
    made = [subprocess.run(["ip", *words.split()], capture_output=True).returncode for words in (
        f"link add name {tunnel} type vxlan id 7 remote 127.0.0.2 dstport 4789", f"link set {tunnel} master {name}")]
    if made == [0, 0]:
        seen = machine.run(*serve, "dev", "--", "true")
        check("a bridge that other machines are on is refused", seen.returncode == 2 and "other machines are on too" in seen.stderr, seen)
    else:
        print("--     no tunnel can be made here: a bridge that other machines are on is not checked")
    subprocess.run(["ip", "link", "del", tunnel], capture_output=True)
    relay.close()


def hand_on(relay, to):
    """The fake AWS is on the loopback, which a container does not see."""
    def copy(one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    while True:
        try:
            near = relay.accept()[0]
        except OSError:
            return
        far = socket.create_connection(to)
        for pair in ((near, far), (far, near)):
            threading.Thread(target=copy, args=pair, daemon=True).start()
