"""Another role, then its client."""
import boto3

ROLE = "arn:aws:iam::123456789012:role/reader"


def session(role):
    answer = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="recorded")["Credentials"]
    return boto3.Session(
        aws_access_key_id=answer["AccessKeyId"],
        aws_secret_access_key=answer["SecretAccessKey"],
        aws_session_token=answer["SessionToken"],
    )


def main():
    reader = session(ROLE).client("s3")
    reader.get_object(Bucket="lake", Key="in/a")
    boto3.client("sts").get_caller_identity()
