//! The homes that a credential may have, and sets of them.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! classes {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal, $kind:ident, $english:literal, $japanese:literal;)*) => {
        /// What stands behind a credential.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(clippy::exhaustive_enums, reason = "each has a target of its own")]
        pub enum Class {
            $($(#[doc = $doc])* $name,)*
        }

        impl Class {
            /// All of them.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$name),*];

            /// Its name in outputs and in answers: `aws-lambda`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// What kind of home it is.
            pub fn kind(self) -> Kind {
                match self {
                    $(Self::$name => Kind::$kind,)*
                }
            }

            /// In English and in Japanese.
            pub fn words(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$name => ($english, $japanese),)*
                }
            }
        }
    };
}

classes! {
    /// A person in the console.
    PersonConsole = "person-console", Person, "a person in the console", "コンソールを使う人";
    /// A person at a command line.
    PersonCli = "person-cli", Person, "a person at a command line", "コマンドラインを使う人";
    /// A person with a program of theirs: Cyberduck, DBeaver.
    PersonTool = "person-tool", Person, "a person with a desktop program", "デスクトップアプリを使う人";
    /// An EC2 instance.
    AwsEc2 = "aws-ec2", Aws, "a program on EC2", "EC2 上のプログラム";
    /// An ECS task, on Fargate or not.
    AwsEcs = "aws-ecs", Aws, "an ECS task", "ECS タスク";
    /// A Lambda function.
    AwsLambda = "aws-lambda", Aws, "a Lambda function", "Lambda 関数";
    /// A pod of EKS.
    AwsEks = "aws-eks", Aws, "a pod of EKS", "EKS の Pod";
    /// An App Runner service.
    AwsAppRunner = "aws-apprunner", Aws, "an App Runner service", "App Runner サービス";
    /// A CodeBuild project.
    AwsCodeBuild = "aws-codebuild", Aws, "a CodeBuild project", "CodeBuild プロジェクト";
    /// Another compute service of AWS: SageMaker, Glue, Batch.
    AwsOther = "aws-other", Aws, "another compute service of AWS", "その他の AWS コンピュートサービス";
    /// GitHub Actions.
    CiGithub = "ci-github", Ci, "GitHub Actions", "GitHub Actions";
    /// GitLab CI.
    CiGitlab = "ci-gitlab", Ci, "GitLab CI", "GitLab CI";
    /// CircleCI.
    CiCircleci = "ci-circleci", Ci, "CircleCI", "CircleCI";
    /// Bitbucket Pipelines.
    CiBitbucket = "ci-bitbucket", Ci, "Bitbucket Pipelines", "Bitbucket Pipelines";
    /// Buildkite.
    CiBuildkite = "ci-buildkite", Ci, "Buildkite", "Buildkite";
    /// HCP Terraform (Terraform Cloud).
    CiTerraform = "ci-tfc", Ci, "HCP Terraform", "HCP Terraform";
    /// Jenkins.
    CiJenkins = "ci-jenkins", Ci, "Jenkins", "Jenkins";
    /// Azure DevOps.
    CiAzure = "ci-azure-devops", Ci, "Azure DevOps", "Azure DevOps";
    /// Another CI service.
    CiOther = "ci-other", Ci, "another CI service", "その他の CI サービス";
    /// Google's cloud.
    OutsideGcp = "outside-gcp", Outside, "a program on Google Cloud", "Google Cloud 上のプログラム";
    /// Azure.
    OutsideAzure = "outside-azure", Outside, "a program on Azure", "Azure 上のプログラム";
    /// A server of the company, or of a host that has no identities of its own.
    OutsideServer = "outside-onprem", Outside, "a program on a server outside AWS", "AWS 外のサーバー上のプログラム";
    /// A pod of a cluster outside AWS.
    OutsideKubernetes = "outside-k8s", Outside, "a pod of a cluster outside AWS", "AWS 外のクラスターの Pod";
    /// A vendor's service.
    Saas = "saas", Vendor, "a vendor's service", "ベンダーのサービス";
    /// A printer, a NAS, a camera: nothing that can hold a role.
    Device = "device", Device, "a device (printer, NAS)", "機器（プリンター、NAS など）";
}

/// The kinds of home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "each has its own road")]
pub enum Kind {
    /// People.
    Person,
    /// Programs on AWS.
    Aws,
    /// CI services.
    Ci,
    /// Programs elsewhere.
    Outside,
    /// Vendors.
    Vendor,
    /// Devices.
    Device,
}

impl Class {
    /// The class of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == text)
    }

    fn bit(self) -> u32 {
        1 << (self as u32)
    }
}

impl Serialize for Class {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A set of classes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Classes(u32);

impl Classes {
    /// None.
    pub const NONE: Self = Self(0);
    /// All: nothing is told.
    pub const ALL: Self = Self((1 << Class::ALL.len()) - 1);

    /// These.
    pub fn of(classes: &[Class]) -> Self {
        classes.iter().copied().collect()
    }

    /// All of some kinds.
    pub fn of_kinds(kinds: &[Kind]) -> Self {
        Class::ALL.into_iter().filter(|class| kinds.contains(&class.kind())).collect()
    }

    /// Those of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those of either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of this that are not in the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a class is one of them.
    pub fn has(self, class: Class) -> bool {
        self.0 & class.bit() != 0
    }

    /// How many.
    pub fn len(self) -> usize {
        self.iter().count()
    }

    /// The only one; `None`: there is none, or there are several.
    pub fn only(self) -> Option<Class> {
        let mut all = self.iter();
        let first = all.next()?;
        all.next().is_none().then_some(first)
    }

    /// In order.
    pub fn iter(self) -> impl Iterator<Item = Class> {
        Class::ALL.into_iter().filter(move |class| self.has(*class))
    }
}

impl FromIterator<Class> for Classes {
    fn from_iter<I: IntoIterator<Item = Class>>(classes: I) -> Self {
        Self(classes.into_iter().fold(0, |bits, class| bits | class.bit()))
    }
}

impl fmt::Debug for Classes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Class::as_str)).finish()
    }
}

impl Serialize for Classes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
