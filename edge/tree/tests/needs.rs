//! What programs call, by their sources: a table of small files, each with the needs that it must tell, and those that it must not.

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kagimori_source::needs::{Analysis, Place, analyse};
    use kagimori_tree::parse::{language_of, parse};
    use proptest::prelude::*;

    /// Files, each a name and a text.
    type Files<'f> = &'f [(&'f str, &'f str)];

    fn analysis(files: Files<'_>, settings: &[(&str, Option<&str>)]) -> Analysis {
        let units = files.iter().filter_map(|(path, text)| parse(path, language_of(path)?, text)).collect();
        let mut set: BTreeMap<String, Vec<Option<String>>> = BTreeMap::new();
        for (name, value) in settings {
            set.entry((*name).to_owned()).or_default().push(value.map(str::to_owned));
        }
        analyse(units, set)
    }

    /// `line action resource` of what is surely needed.
    fn needs(files: Files<'_>, settings: &[(&str, Option<&str>)]) -> Vec<String> {
        let place =
            Place { account: Some("111122223333".to_owned()), region: Some("ap-northeast-1".to_owned()) };
        let all = analysis(files, settings).calls;
        let needs = all.iter().flat_map(|call| call.needs(&place)).filter(|need| !need.is_possible);
        let mut told: Vec<String> =
            needs.map(|need| format!("{} {} {}", need.line, need.action, need.resource)).collect();
        told.sort();
        told.dedup();
        told
    }

    fn tell(path: &str, text: &str, expected: &[&str]) {
        assert_eq!(needs(&[(path, text)], &[]), expected, "{path}: {text}");
    }

    #[test]
    fn python_tells_what_it_calls() {
        let lake = "5 s3:PutObject arn:aws:s3:::shiosai-lake/x";
        for (text, expected) in [
            (
                "import boto3\ndef s3c():\n    return boto3.client('s3')\ndef f():\n    s3c().put_object(Bucket='shiosai-lake', Key='x')",
                &[lake][..],
            ),
            (
                "from boto3 import client as mk\nq = mk('sqs')\nq.send_message(QueueUrl='https://sqs.ap-northeast-1.amazonaws.com/111122223333/orders', MessageBody='x')",
                &["3 sqs:SendMessage arn:aws:sqs:ap-northeast-1:111122223333:orders"],
            ),
            (
                "import boto3\nSERVICE = 's3'\nBUCKET = 'shiosai-lake'\nc = boto3.client(SERVICE)\nc.put_object(Bucket=BUCKET, Key='x')",
                &[lake],
            ),
            (
                "import boto3\nc = boto3.client('s3')\ngetattr(c, 'put_object')(Bucket='b', Key='k')",
                &["3 s3:PutObject arn:aws:s3:::b/k"],
            ),
            (
                "import boto3\nt = boto3.resource('dynamodb').Table('orders')\nt.put_item(Item={})",
                &["3 dynamodb:PutItem arn:aws:dynamodb:ap-northeast-1:111122223333:table/orders"],
            ),
            (
                "import boto3\nclass Repo:\n    def __init__(self, table):\n        self.table = table\n    def save(self, x):\n        self.table.put_item(Item=x)\nRepo(boto3.resource('dynamodb').Table('orders')).save({})",
                &["6 dynamodb:PutItem arn:aws:dynamodb:ap-northeast-1:111122223333:table/orders"],
            ),
            (
                "import boto3\nfor o in boto3.resource('s3').Bucket('b').objects.filter(Prefix='p/'):\n    o.delete()",
                &["2 s3:ListBucket arn:aws:s3:::b", "3 s3:DeleteObject arn:aws:s3:::b/*"],
            ),
            (
                "import aioboto3\nasync def f():\n    async with aioboto3.Session().client('s3') as s3:\n        await s3.put_object(Bucket='b', Key='k')",
                &["4 s3:PutObject arn:aws:s3:::b/k"],
            ),
            (
                "import boto3\nec2 = boto3.client('ec2')\nec2.get_waiter('instance_running').wait(InstanceIds=['i-1'])",
                &["3 ec2:DescribeInstances *"],
            ),
            (
                "import boto3\nboto3.client('s3').generate_presigned_url('put_object', Params={'Bucket': 'b', 'Key': 'k'})",
                &["2 s3:PutObject arn:aws:s3:::b/k"],
            ),
            (
                "import boto3\ndef tag(client, arn):\n    client.tag_resource(ResourceArn=arn, Tags=[])\ntag(boto3.client('sns'), 'arn:aws:sns:ap-northeast-1:111122223333:t')",
                &["3 sns:TagResource arn:aws:sns:ap-northeast-1:111122223333:t"],
            ),
            (
                "import boto3\nclients = {'s3': boto3.client('s3'), 'ses': boto3.client('ses')}\nclients['ses'].send_email(Source='a@example.com')",
                &[
                    "3 ses:SendEmail arn:aws:ses:ap-northeast-1:111122223333:identity/a@example.com",
                    "3 ses:SendEmail arn:aws:ses:ap-northeast-1:111122223333:identity/example.com",
                ],
            ),
            (
                "import boto3\ns3 = boto3.client('s3')\nenv = get()\ns3.get_object(Bucket=f'{env}-reports', Key='k')",
                &["4 s3:GetObject arn:aws:s3:::*-reports/k"],
            ),
            (
                "import boto3\nboto3.client('s3').copy_object(Bucket='d', Key='k',\n    CopySource={'Bucket': 's', 'Key': 'a'})",
                &["2 s3:GetObject arn:aws:s3:::s/a", "2 s3:PutObject arn:aws:s3:::d/k"],
            ),
            (
                "import boto3\nboto3.client('kms').encrypt(KeyId='alias/lake', Plaintext=b'x')",
                &["2 kms:Encrypt arn:aws:kms:ap-northeast-1:111122223333:key/*"],
            ),
            (
                "import boto3\nboto3.client('sns').publish(PhoneNumber='+81', Message='x')",
                &["2 sns:Publish *"],
            ),
            (
                "import boto3\nboto3.client('dynamodb').transact_write_items(TransactItems=[{'Put': {'TableName': 'a'}}, {'Delete': {'TableName': 'b'}}])",
                &[
                    "2 dynamodb:DeleteItem arn:aws:dynamodb:ap-northeast-1:111122223333:table/b",
                    "2 dynamodb:PutItem arn:aws:dynamodb:ap-northeast-1:111122223333:table/a",
                ],
            ),
            (
                "import boto3\nboto3.client('lambda').create_function(FunctionName='f', Role='arn:aws:iam::111122223333:role/fn')",
                &[
                    "2 iam:PassRole arn:aws:iam::111122223333:role/fn",
                    "2 lambda:CreateFunction arn:aws:lambda:ap-northeast-1:111122223333:function:f",
                ],
            ),
            // Not AWS, not called, not here.
            (
                "import telegram\nbot = telegram.Bot('t')\nbot.send_message(chat_id=1, text='hello')\nclass Store:\n    def get_object(self, Bucket): return None\nStore().get_object(Bucket='b')",
                &[],
            ),
            ("import boto3\n# boto3.client('s3').put_object()\ntext = \"s3.put_object(Bucket='b')\"", &[]),
            ("import boto3\ns3 = boto3.client('s3')", &[]),
            (
                "import boto3\nboto3.client('s3', endpoint_url='http://localhost:9000').put_object(Bucket='b', Key='k')",
                &[],
            ),
            // A file with an error in it.
            (
                "import boto3\ndef broken(:\nboto3.client('s3').put_object(Bucket='b', Key='k')",
                &["3 s3:PutObject arn:aws:s3:::b/k"],
            ),
        ] {
            tell("a.py", text, expected);
        }
    }

    #[test]
    fn javascript_tells_what_it_calls() {
        for (path, text, expected) in [
            (
                "a.js",
                "import { S3Client, PutObjectCommand } from \"@aws-sdk/client-s3\";\nconst c = new S3Client({});\nawait c.send(new PutObjectCommand({ Bucket: 'b', Key: 'x' }));",
                &["3 s3:PutObject arn:aws:s3:::b/x"][..],
            ),
            (
                "a.js",
                "const AWS = require('aws-sdk');\nconst s3 = new AWS.S3();\ns3.putObject({ Bucket: 'b', Key: 'k' }).promise();\nnew AWS.DynamoDB.DocumentClient().put({ TableName: 'orders', Item: {} }).promise();",
                &[
                    "3 s3:PutObject arn:aws:s3:::b/k",
                    "4 dynamodb:PutItem arn:aws:dynamodb:ap-northeast-1:111122223333:table/orders",
                ],
            ),
            (
                "a.ts",
                "import { DynamoDBClient } from '@aws-sdk/client-dynamodb';\nimport { DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';\nconst d = DynamoDBDocumentClient.from(new DynamoDBClient({}));\nawait d.send(new PutCommand({ TableName: 'orders', Item: {} }));",
                &["4 dynamodb:PutItem arn:aws:dynamodb:ap-northeast-1:111122223333:table/orders"],
            ),
            (
                "a.ts",
                "import { Upload } from '@aws-sdk/lib-storage';\nimport { S3 } from '@aws-sdk/client-s3';\nawait new Upload({ client: new S3({}), params: { Bucket: 'b', Key: 'k' } }).done();",
                &["3 s3:PutObject arn:aws:s3:::b/k"],
            ),
            (
                "a.ts",
                "import { S3Client, GetObjectCommand } from '@aws-sdk/client-s3';\nimport { getSignedUrl } from '@aws-sdk/s3-request-presigner';\nclass A {\n  constructor(private readonly s3: S3Client) {}\n  url(key: string) { return getSignedUrl(this.s3, new GetObjectCommand({ Bucket: 'b', Key: key })); }\n}",
                &["5 s3:GetObject arn:aws:s3:::b/*"],
            ),
            (
                "a.ts",
                "import { S3, paginateListObjectsV2 } from '@aws-sdk/client-s3';\nconst s3 = new S3({});\nfor await (const p of paginateListObjectsV2({ client: s3 }, { Bucket: process.env.BUCKET })) {}",
                &["3 s3:ListBucket arn:aws:s3:::lake"],
            ),
            ("a.ts", "import { QueryCommand } from '@aws-sdk/client-dynamodb';", &[]),
        ] {
            assert_eq!(needs(&[(path, text)], &[("BUCKET", Some("lake"))]), expected, "{text}");
        }
    }

    #[test]
    fn go_tells_what_it_calls() {
        let v2 = "package main\nimport (\"context\"; \"github.com/aws/aws-sdk-go-v2/aws\"; \"github.com/aws/aws-sdk-go-v2/service/s3\"; \"github.com/aws/aws-sdk-go-v2/feature/s3/manager\")\nfunc f(c *s3.Client, ctx context.Context) {\n c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(\"b\"), Key: aws.String(\"k\")})\n manager.NewUploader(c).Upload(ctx, &s3.PutObjectInput{Bucket: aws.String(\"b\"), Key: aws.String(\"k\")})\n}";
        let v1 = "package main\nimport (\"github.com/aws/aws-sdk-go/aws\"; \"github.com/aws/aws-sdk-go/aws/session\"; \"github.com/aws/aws-sdk-go/service/s3\")\nfunc f() { s3.New(session.Must(session.NewSession())).PutObject(&s3.PutObjectInput{Bucket: aws.String(\"b\"), Key: aws.String(\"k\")}) }";
        let own = "package main\nimport \"github.com/aws/aws-sdk-go-v2/service/dynamodb\"\ntype API interface { GetItem(in *dynamodb.GetItemInput) error }\ntype Store struct { api API; table string }\nfunc New(api API) *Store { return &Store{api: api, table: \"orders\"} }\nfunc (s *Store) Get() {\n s.api.GetItem(&dynamodb.GetItemInput{TableName: &s.table})\n}";
        let pages = "package main\nimport (\"os\"; \"github.com/aws/aws-sdk-go-v2/aws\"; \"github.com/aws/aws-sdk-go-v2/service/s3\")\nfunc f(c *s3.Client) {\n s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: aws.String(os.Getenv(\"BUCKET\"))})\n s3.NewPresignClient(c).PresignGetObject(nil, &s3.GetObjectInput{Bucket: aws.String(\"b\"), Key: aws.String(\"k\")})\n}";
        for (text, expected) in [
            (v2, &["4 s3:PutObject arn:aws:s3:::b/k", "5 s3:PutObject arn:aws:s3:::b/k"][..]),
            (v1, &["3 s3:PutObject arn:aws:s3:::b/k"]),
            (own, &["7 dynamodb:GetItem arn:aws:dynamodb:ap-northeast-1:111122223333:table/orders"]),
            (pages, &["4 s3:ListBucket arn:aws:s3:::lake", "5 s3:GetObject arn:aws:s3:::b/k"]),
        ] {
            assert_eq!(needs(&[("main.go", text)], &[("BUCKET", Some("lake"))]), expected, "{text}");
        }
        // A package is a folder of files.
        let one = (
            "store/client.go",
            "package store\nimport \"github.com/aws/aws-sdk-go-v2/service/sqs\"\nvar queue = sqs.NewFromConfig(cfg)\nconst URL = \"https://sqs.ap-northeast-1.amazonaws.com/111122223333/orders\"\n",
        );
        let other = (
            "store/send.go",
            "package store\nimport \"github.com/aws/aws-sdk-go-v2/service/sqs\"\nfunc Send() {\n queue.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(URL)})\n}\n",
        );
        assert_eq!(needs(&[one, other], &[]).len(), 1);
    }

    #[test]
    fn php_tells_what_it_calls() {
        let ses = |line: u32| {
            [
                format!("{line} ses:SendEmail arn:aws:ses:ap-northeast-1:111122223333:identity/example.com"),
                format!(
                    "{line} ses:SendEmail arn:aws:ses:ap-northeast-1:111122223333:identity/no-reply@example.com"
                ),
            ]
        };
        for (line, text) in [
            (
                1,
                "<?php $ses = new \\Aws\\Ses\\SesClient(['region'=>'ap-northeast-1']); $ses->sendEmail(['Source'=>'no-reply@example.com']);",
            ),
            (
                6,
                "<?php\nuse Aws\\Ses\\SesClient;\nclass Mailer {\n  private SesClient $ses;\n  const FROM = 'no-reply@example.com';\n  function send() { return $this->ses->sendEmailAsync(['Source' => self::FROM]); }\n}",
            ),
            (
                4,
                "<?php\n$sdk = new Aws\\Sdk(['region' => 'x']);\n$params = ['Source' => 'no-reply@example.com'];\n$sdk->createSes()->sendEmail($params);",
            ),
        ] {
            assert_eq!(needs(&[("mailer.php", text)], &[]), ses(line), "{text}");
        }
        for (text, expected) in [
            (
                "<?php\nuse Aws\\S3\\S3Client;\nclass Files {\n  public function __construct(private S3Client $s3, private string $bucket) {}\n  function url($key) { $cmd = $this->s3->getCommand('GetObject', ['Bucket' => getenv('BUCKET'), 'Key' => $key]); }\n}",
                &["5 s3:GetObject arn:aws:s3:::lake/*"][..],
            ),
            (
                "<?php\n$c = new \\Aws\\S3\\S3Client([]);\n$c->registerStreamWrapper();\nfile_get_contents('s3://lake/a/b');",
                &["4 s3:GetObject arn:aws:s3:::lake/a/b"],
            ),
            ("<?php\n$store->getObject(['Bucket' => 'b']);", &[]),
        ] {
            assert_eq!(needs(&[("files.php", text)], &[("BUCKET", Some("lake"))]), expected, "{text}");
        }
    }

    #[test]
    fn java_tells_what_it_calls() {
        for (text, expected) in [
            (
                "import software.amazon.awssdk.services.rds.RdsClient;\nimport software.amazon.awssdk.services.rds.model.*;\nclass V { void f(RdsClient rds) {\n rds.describeDBInstances();\n rds.createDBInstance(CreateDbInstanceRequest.builder().dbInstanceIdentifier(\"x\").build()); } }",
                &[
                    "4 rds:DescribeDBInstances arn:aws:rds:ap-northeast-1:111122223333:db:*",
                    "5 rds:CreateDBInstance arn:aws:rds:ap-northeast-1:111122223333:db:x",
                ][..],
            ),
            (
                "import com.amazonaws.services.s3.AmazonS3;\nimport com.amazonaws.services.s3.AmazonS3ClientBuilder;\nclass V { void f() { AmazonS3 s3 = AmazonS3ClientBuilder.defaultClient();\n s3.putObject(\"b\", \"k\", \"x\"); } }",
                &["4 s3:PutObject arn:aws:s3:::b/k"],
            ),
            (
                "import software.amazon.awssdk.services.s3.S3Client;\nclass Files {\n private final S3Client s3;\n static final String BUCKET = \"lake\";\n Files(S3Client s3) { this.s3 = s3; }\n void put(String key) {\n s3.putObject(b -> b.bucket(BUCKET).key(key), body);\n }\n}",
                &["7 s3:PutObject arn:aws:s3:::lake/*"],
            ),
            (
                "import com.amazonaws.services.sqs.*;\nimport com.amazonaws.services.sqs.model.*;\nclass Q { AmazonSQS sqs = AmazonSQSClientBuilder.standard().withRegion(\"x\").build();\n void f() {\n SendMessageRequest r = new SendMessageRequest();\n r.setQueueUrl(\"https://sqs.ap-northeast-1.amazonaws.com/111122223333/orders\");\n sqs.sendMessage(r); } }",
                &["7 sqs:SendMessage arn:aws:sqs:ap-northeast-1:111122223333:orders"],
            ),
            (
                "import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;\nclass D { void f(DynamoDbEnhancedClient client) {\n client.table(\"orders\", schema).putItem(x); } }",
                &["3 dynamodb:PutItem arn:aws:dynamodb:ap-northeast-1:111122223333:table/orders"],
            ),
            (
                "class Store { String getObject(String b) { return null; } void f() { getObject(\"b\"); } }",
                &[],
            ),
        ] {
            assert_eq!(needs(&[("V.java", text)], &[]), expected, "{text}");
        }
    }

    #[test]
    fn values_come_from_other_files_and_from_the_environment() {
        let helper = ("app/clients.py", "import boto3\ns3 = boto3.client('s3')\nBUCKET = 'lake'\n");
        let user = (
            "app/main.py",
            "import os\nfrom app.clients import s3, BUCKET\ns3.get_object(Bucket=BUCKET, Key='k')\ns3.get_object(Bucket=os.environ['OTHER'], Key='k')\ns3.get_object(Bucket=os.getenv('NONE', 'd'), Key='k')\n",
        );
        let set = [("OTHER", Some("from-compose"))];
        let expected = [
            "3 s3:GetObject arn:aws:s3:::lake/k",
            "4 s3:GetObject arn:aws:s3:::from-compose/k",
            "5 s3:GetObject arn:aws:s3:::d/k",
        ];
        assert_eq!(needs(&[helper, user], &set), expected);
    }

    #[test]
    fn what_cannot_be_told_has_its_reason() {
        let text = "import boto3\ndef upload(bucket):\n    boto3.client('s3').put_object(Bucket=bucket, Key='k')\ndef any(client):\n    client.tag_resource(ResourceArn='x')\n";
        let found = analysis(&[("a.py", text)], &[]);
        let need = found
            .calls
            .iter()
            .flat_map(|call| call.needs(&Place::default()))
            .find(|need| need.action == "s3:PutObject")
            .unwrap();
        assert_eq!(need.resource, "arn:aws:s3:::*/k");
        assert_eq!(
            need.reasons[0].sentence(),
            "argument `bucket` of `upload`, whose callers in the tree do not tell it"
        );
        assert_eq!(need.reasons[0].line, 2);
        // Several services have it, so none is guessed.
        assert_eq!((found.untold[0].line, found.untold[0].name.as_str()), (5, "tag_resource"));
        assert!(found.untold[0].services.len() > 1);
    }

    #[test]
    fn a_call_through_a_wrapper_counts_once_for_each_value() {
        let text = "import boto3\nsm = boto3.client('secretsmanager')\ndef get(name):\n    return sm.get_secret_value(SecretId=name)\nget('a')\nget('b')\n";
        let found = analysis(&[("a.py", text)], &[]);
        assert_eq!(found.calls.len(), 1);
        let resources: Vec<String> = found.calls[0]
            .needs(&Place::default())
            .into_iter()
            .filter(|need| !need.is_possible)
            .map(|need| need.resource)
            .collect();
        assert_eq!(resources.len(), 2, "{resources:?}");
    }

    /// Pieces of programs, in any order: most make no sense.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("import boto3\n"),
            Just("def f(a, *b, **c):\n"),
            Just("    "),
            Just("boto3.client('s3')"),
            Just(".put_object("),
            Just("Bucket="),
            Just("f'{x}-{"),
            Just("class A(B):\n"),
            Just("return "),
            Just(")"),
            Just("("),
            Just("["),
            Just("]"),
            Just("{"),
            Just("}"),
            Just("=>"),
            Just("const {a, ...b} = require('aws-sdk');\n"),
            Just("new AWS.S3()"),
            Just("for x in "),
            Just("`${"),
            Just("async "),
            Just("await "),
            Just("self.x = self.y\n"),
            Just("\n"),
            Just("lambda x: "),
            Just("a = a + b\n"),
            Just("\u{feff}"),
            Just("海"),
            Just("'"),
            Just("\""),
            Just("func (c *s3.Client) F(x string) {\n"),
            Just("<?php\n"),
            Just("$this->x = new \\Aws\\S3\\S3Client([]);\n"),
            Just("public class A {\n"),
            Just("using Amazon.S3;\nIAmazonS3 c;\n"),
            Just("?.PutObjectAsync(new PutObjectRequest { Key = $\"{"),
            Just("S3Client { region = x }.use { it."),
            Just("val q by lazy { "),
            Just("def f(a, k: 1, **o)\n"),
            Just("Aws::S3::Bucket.new('b').objects.each do |o|\n"),
            Just("@x ||= "),
            Just("end\n"),
            Just("use aws_sdk_s3::{self as s3, Client};\n"),
            Just("vec![format!(\"{a}{}\", c.put_object().bucket("),
            Just("impl W { fn f(&self) -> Self { Self { c } } }\n"),
            Just("aws s3 cp \"$1\" s3://$B/${K:-d} --recursive | "),
            Just("f() { aws \"$@\"; local x=$1\n"),
            Just("xargs aws sqs --queue-url=\n"),
            Just("bash -c 'aws "),
        ];
        prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(std::env::var("KAGIMORI_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(64)))]

        #[test]
        fn no_text_makes_a_lowering_or_the_flow_panic(text in pieces(), ending in prop_oneof![Just("py"), Just("js"), Just("ts"), Just("tsx"), Just("go"), Just("php"), Just("java"), Just("cs"), Just("kt"), Just("rb"), Just("rs"), Just("sh")]) {
            let path = format!("a.{ending}");
            if let Some(language) = language_of(&path) {
                let units = parse(&path, language, &text).into_iter().collect();
                let found = analyse(units, BTreeMap::new());
                for call in found.calls {
                    call.needs(&Place::default());
                }
            }
        }
    }
}
