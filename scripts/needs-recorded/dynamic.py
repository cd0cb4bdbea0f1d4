"""Names that are not written where they are used."""
from functools import partial

import boto3

SERVICE = "s3"
CLIENTS = {"table": boto3.client("dynamodb", region_name="us-east-1")}


def make(service=SERVICE):
    return boto3.client(service)


def main():
    s3 = make()
    getattr(s3, "put_object")(Bucket="lake", Key="dynamic", Body=b"")
    read = partial(s3.get_object, Bucket="lake")
    read(Key="dynamic")
    request = {"TableName": "stock"}
    request["Key"] = {"id": {"S": "1"}}
    CLIENTS["table"].get_item(**request)
    [s3.delete_object(Bucket=bucket, Key="dynamic") for bucket in ("lake", "site")]
