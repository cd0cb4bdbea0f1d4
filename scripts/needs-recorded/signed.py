"""Presigned addresses: whoever uses one does so as its signer."""
import boto3


def link(operation, key):
    return boto3.client("s3").generate_presigned_url(operation, Params={"Bucket": "lake", "Key": key}, ExpiresIn=60)


def main():
    link("get_object", "in/a")
    link("put_object", "in/b")
    boto3.client("s3").generate_presigned_post("lake", "in/c")
