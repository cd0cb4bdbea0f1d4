"""The calls that `needs` finds, beside the labelled examples of awsdocs/aws-doc-sdk-examples.

Usage: check-needs.py CHECKOUT PROGRAM [LANGUAGE…] [--misses N] [--extra N]

PROGRAM prints `path<TAB>line<TAB>service<TAB>operation<TAB>…` (cargo run -p kagimori-tree --features needs --example calls). An example is one
excerpt of one operation; it is found when that operation is reported at a line of the excerpt.
"""

import collections
import os
import re
import subprocess
import sys

import yaml

ENDINGS = {"Python 3": "py", "JavaScript 3": "js", "JavaScript 2": "js", "Go 2": "go", "PHP 3": "php", "Java 2": "java", "Ruby 3": "rb",
           ".NET 3": "cs", ".NET 4": "cs", "Kotlin 1": "kt", "Rust 1": "rs", "Bash 2": "sh"}
FOLDERS = {"Python 3": ["python"], "JavaScript 3": ["javascriptv3"], "JavaScript 2": ["javascript"], "Go 2": ["gov2"],
           "PHP 3": ["php"], "Java 2": ["javav2"], "Ruby 3": ["ruby"], ".NET 3": ["dotnetv3"], ".NET 4": ["dotnetv4"], "Kotlin 1": ["kotlin"],
           "Rust 1": ["rustv1"], "Bash 2": ["aws-cli"]}
# What the examples call services, and botocore's names for them.
SERVICES = {"aurora": "rds", "cloudwatch-events": "events", "eventbridge": "events", "auto-scaling": "autoscaling",
            "elastic-load-balancing-v2": "elbv2", "cloudwatch-logs": "logs", "medical-imaging": "medical-imaging", "sfn": "stepfunctions",
            "cognito-identity-provider": "cognito-idp", "cognito": "cognito-idp", "docdb": "rds", "neptune": "neptune"}


def plain(text):
    return re.sub(r"[^a-z0-9]", "", text.lower())


def examples(root):
    regions = collections.defaultdict(list)
    for folder, _, files in os.walk(root):
        for file in files:
            if not file.endswith(tuple("." + e for e in set(ENDINGS.values()) | {"ts", "tsx"})):
                continue
            path = os.path.join(folder, file)
            opened = {}
            for number, line in enumerate(open(path, encoding="utf8", errors="replace"), 1):
                if found := re.search(r"snippet-start:\[([^\]]+)\]", line):
                    opened[found[1]] = number
                if (found := re.search(r"snippet-end:\[([^\]]+)\]", line)) and found[1] in opened:
                    regions[found[1]].append((path, opened.pop(found[1]), number))
    for file in sorted(os.listdir(f"{root}/.doc_gen/metadata")):
        if not file.endswith(".yaml"):
            continue
        for entry in (yaml.safe_load(open(f"{root}/.doc_gen/metadata/{file}")) or {}).values():
            if not isinstance(entry, dict) or entry.get("category") not in (None, "Actions", "Api"):
                continue
            operations = [(s, o) for s, all in (entry.get("services") or {}).items() for o in (all or {})]
            if len(operations) != 1:
                continue
            for language, versions in (entry.get("languages") or {}).items():
                for version in versions.get("versions") or []:
                    tags = [t for e in version.get("excerpts") or [] for t in e.get("snippet_tags") or []]
                    name = f"{language} {version.get('sdk_version')}"
                    yield name, *operations[0], [r for t in tags for r in regions.get(t, [])]


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
    limit = {a: int(sys.argv[sys.argv.index(a) + 1]) for a in ("--misses", "--extra") if a in sys.argv}
    arguments = [a for a in arguments if not a.isdigit()]
    root, program, *languages = arguments
    labelled = list(examples(root))
    for language in languages or ENDINGS:
        ending = ENDINGS[language]
        calls, untold = collections.defaultdict(list), 0
        total = named = 0
        for folder in FOLDERS[language]:
            out = subprocess.run([program, f"{root}/{folder}"], capture_output=True, text=True, check=True).stdout
            for line in out.splitlines():
                path, number, service, operation, how = line.split("\t")[:5]
                if service == "?":
                    untold += 1
                    continue
                total += 1
                named += how == "Name"
                calls[path].append((int(number), service, plain(operation)))
        hits, misses, silent = 0, [], 0
        inside = collections.Counter()
        for name, service, operation, regions in labelled:
            regions = [r for r in regions if r[0].endswith((f".{ending}", ".ts"))]
            if name != language or not regions:
                continue
            wanted = plain(operation.removesuffix("Paginator"))
            found = any(o == wanted and a <= n <= b for f, a, b in regions for n, _, o in calls[f])
            for f, a, b in regions:
                lines = open(f, encoding="utf8", errors="replace").read().split("\n")[a - 1 : b]
                letters = plain("".join(lines))
                for n, s, o in calls[f]:
                    if a <= n <= b and o not in letters:
                        inside[(f, n, s, o)] += 1
            if found:
                hits += 1
                continue
            text = "".join(plain("".join(open(f, encoding="utf8", errors="replace").read().split("\n")[a - 1 : b])) for f, a, b in regions)
            if wanted not in text:
                silent += 1
            else:
                misses.append((service, operation, regions[0]))
        shown = hits + len(misses)
        print(f"{language}: {hits} of {shown} ({100 * hits / max(1, shown):.1f} %), {silent} do not show it; "
              f"{total} calls, {named} by name alone, {untold} cannot be told; {len(inside)} by other names")
        for miss in misses[: limit.get("--misses", 0)]:
            print("   missed", miss)
        for (f, n, s, o), _ in list(inside.items())[: limit.get("--extra", 0)]:
            print("   other name", f, n, s, o)


main()
