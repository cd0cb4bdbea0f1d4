"""A consumer of a queue that makes its work longer."""
import boto3


class Consumer:
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"

    def __init__(self, client=None):
        self._sqs = client or boto3.client("sqs")

    def run(self):
        self._sqs.send_message(QueueUrl=self.url, MessageBody="m")
        for message in self._sqs.receive_message(QueueUrl=self.url)["Messages"]:
            handle = message["ReceiptHandle"]
            self._sqs.change_message_visibility(QueueUrl=self.url, ReceiptHandle=handle, VisibilityTimeout=60)
            self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=handle)
        return self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])


def main():
    Consumer().run()
