"""A function that is given a role."""
import io
import zipfile

import boto3

ROLE = "arn:aws:iam::123456789012:role/reader"


def code():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.py", "def f(event, context): return 1")
    return buffer.getvalue()


def main():
    functions = boto3.client("lambda")
    functions.create_function(FunctionName="nightly", Runtime="python3.12", Role=ROLE, Handler="a.f", Code={"ZipFile": code()})
    functions.get_function(FunctionName="nightly")
    functions.delete_function(FunctionName="nightly")
