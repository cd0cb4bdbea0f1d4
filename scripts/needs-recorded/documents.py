"""Documents of DynamoDB: batches, queries, transactions."""
import boto3
from boto3.dynamodb.conditions import Key


def main():
    table = boto3.resource("dynamodb").Table("orders")
    with table.batch_writer() as batch:
        for number in range(30):
            batch.put_item(Item={"id": str(number)})
    table.query(KeyConditionExpression=Key("id").eq("1"))
    table.update_item(Key={"id": "1"}, UpdateExpression="SET n = :n", ExpressionAttributeValues={":n": 1})
    table.meta.client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": "orders", "Item": {"id": "a"}}},
            {"Delete": {"TableName": "stock", "Key": {"id": "b"}}},
        ]
    )
    table.delete_item(Key={"id": "2"})
