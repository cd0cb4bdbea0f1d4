//! `kagimori needs …`, as typed.

use std::path::PathBuf;

use clap::ValueEnum;

/// Which permissions do programs need? Their sources are read: each call of an AWS SDK, with file and line, becomes a permission.
///
/// Values are followed through constants, arguments, fields, what functions give back, and the environment that files of the tree set
/// (`.env`, Compose, task definitions, SAM, Kubernetes, Terraform). What cannot be told is a `*` with its reason; a call that cannot be told is
/// listed. With `--as`, the permissions are held against what a user or role of the directory may do, and against what it did.
///
/// Read: Python (boto3, aioboto3, botocore), JavaScript and TypeScript (version 2 and 3 of the SDK), Go (1 and 2), PHP, Java (1 and 2), C#, Kotlin,
/// Ruby, Rust, and commands of the AWS CLI in shell scripts, Makefiles, Dockerfiles and CI files. Left out, and counted: code that others wrote
/// (`node_modules`, `vendor`, `site-packages` …), tests, files longer than 2 MiB (of which those that speak of AWS leave the answer incomplete).
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 all is told, and granted where --as asks; 1 something that is needed is not granted; 2 failed, or a call \
                  cannot be told; 3 part of what was given could not be read."
)]
pub(crate) struct Needs {
    /// Folders of sources, or single files
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Hold the needs against this user or role of DIR: an ARN, or a name that only one has
    #[arg(long = "as", value_name = "PRINCIPAL")]
    pub(crate) principal: Option<String>,
    /// The kagimori directory
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The account that the programs run in [default: that of PRINCIPAL, else any]
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// The Region that they call [default: any]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Put into the policy, too, what only some requests need: keys of KMS, tags, the end of an upload in parts
    #[arg(long)]
    pub(crate) with_possible: bool,
    /// Read tests, too
    #[arg(long)]
    pub(crate) with_tests: bool,
    /// What to print: for people, JSON, the policy alone, or Terraform with the place of each need
    #[arg(long, value_enum, default_value_t = NeedsFormat::Human)]
    pub(crate) format: NeedsFormat,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum NeedsFormat {
    /// For people
    Human,
    /// One JSON object
    Json,
    /// The policy document
    Policy,
    /// An `aws_iam_policy_document` with the place of each need
    Terraform,
}
