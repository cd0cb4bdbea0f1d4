"""The transfer manager: in parts, and whole."""
import os
import tempfile

import boto3
from boto3.s3.transfer import TransferConfig

PARTS = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)


def main():
    s3 = boto3.client("s3")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "big")
        with open(path, "wb") as file:
            file.write(b"x" * (11 << 20))
        s3.upload_file(path, "lake", "up/big", Config=PARTS)
        s3.download_file("lake", "up/big", path + ".back")
        s3.copy({"Bucket": "lake", "Key": "up/big"}, "site", "copied", Config=PARTS)
        boto3.resource("s3").Bucket("site").upload_file(path, "whole")
