"""Pages of a listing, and what lies in them."""
import os

import boto3

BUCKET = os.environ.get("LAKE", "lake")


def main():
    s3 = boto3.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="in/"):
        for item in page.get("Contents", []):
            s3.head_object(Bucket=BUCKET, Key=item["Key"])
            s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()
    tables = boto3.client("dynamodb").get_paginator("scan")
    list(tables.paginate(TableName="orders"))
