"""Keys of KMS, by hand and for S3."""
import os

import boto3

KEY = os.environ["KEY_ARN"]


def main():
    kms = boto3.client("kms")
    secret = kms.encrypt(KeyId=KEY, Plaintext=b"x")["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=secret, KeyId=KEY)
    kms.generate_data_key(KeyId=KEY, KeySpec="AES_256")
    boto3.client("s3").put_object(
        Bucket="lake", Key="sealed", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=KEY
    )
