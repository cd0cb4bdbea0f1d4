"""Parameters and secrets."""
import boto3

STAGE = "prod"


def secret(name):
    return boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]


def main():
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name=f"/{STAGE}/db/host", Value="h", Type="String", Overwrite=True)
    ssm.get_parameter(Name=f"/{STAGE}/db/host")
    ssm.get_parameters_by_path(Path=f"/{STAGE}/db", Recursive=True)
    ssm.get_parameters(Names=[f"/{STAGE}/db/host", f"/{STAGE}/db/port"])
    secret("db/password")
    boto3.client("secretsmanager").put_secret_value(SecretId="db/password", SecretString="y")
