"""Letters, by both APIs of SES."""
import boto3

SENDER = "desk@example.com"


def main():
    ses = boto3.client("ses")
    ses.send_email(
        Source=SENDER,
        Destination={"ToAddresses": ["a@example.com"]},
        Message={"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "b"}}},
    )
    ses.send_raw_email(Source=SENDER, Destinations=["a@example.com"], RawMessage={"Data": b"Subject: s\n\nb"})
    boto3.client("sesv2").send_email(
        FromEmailAddress=SENDER,
        Destination={"ToAddresses": ["a@example.com"]},
        Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "b"}}}},
    )
