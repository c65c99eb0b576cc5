//! What the operator can say: the commands of `mingzhang` and their arguments.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::books::Place;
use crate::language::Language;
use crate::logging::{LogFormat, LogLevel};

/// 明账 Mingzhang: 公共资源交易透明账本 · a transparency ledger for public-resource transactions.
///
/// 退出码 exit codes: 0 成功 done · 1 拒绝 refused · 2 无法完成 could not be done · 3 完整但有保留 intact with reservations · 4 更新的格式 newer format
#[derive(Debug, Parser)]
#[command(name = "mingzhang", version, max_term_width = 110)]
pub(crate) struct Arguments {
    /// 输出语言 Language of the output; default: the locale
    #[arg(long, global = true, value_enum)]
    pub(crate) lang: Option<Language>,
    /// 机器可读输出 Output for machines
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// 新建账本 Make a new ledger in an empty directory
    Init(Init),
    /// 生成密钥 Make a key file (0600) and print its kid and public JWK; an existing file is only read
    Keygen(Keygen),
    /// 登记发布主体 Enrol a publisher or a supervisor
    Enrol(Enrol),
    /// 更换主体密钥或范围 Change a publisher's key or scope
    Rotate(Rotate),
    /// 注销主体 End a publisher's authority
    Revoke(Revoke),
    /// 更换账本签名密钥 Change the key that signs checkpoints
    RotateLog(RotateLog),
    /// 更换根密钥 Change the root key, with the recovery key
    RotateRoot(RotateRoot),
    /// 记录新的规则 Record a newer rulebook
    Rulebook(LawFile),
    /// 记录新的日历 Record the years of a calendar file that say something new
    Calendar(LawFile),
    /// 预先对照规则 Say what the rules will say about a draft before it is signed
    Check(Check),
    /// 签名并录入一份公告 Sign one draft and record it
    Publish(Publish),
    /// 启封 Reveal what was sealed
    Reveal(Reveal),
    /// 依法删除披露项 Erase a disclosure lawfully
    Erase(Erase),
    /// 批量录入 Sign and record drafts, one per line
    Import(Import),
    /// 取回执 Write the receipt of an entry
    Receipt(Receipt),
    /// 取案卷 Write a project's dossier
    Dossier(ProjectFile),
    /// 取缺失证明 Write a project's absence proof: what the map holds, without any notice
    Absence(Absence),
    /// 查看项目 Show a project's timeline
    Show(Show),
    /// 统计 Count what the ledger holds
    Stats(Dir),
    /// 导出静态账本 Export the static tree; a second run writes only what is new
    Export(Target),
    /// 自检 Re-derive everything from the entries
    Fsck(Dir),
    /// 封一个空批次 Seal an empty batch, so that a quiet ledger has a fresh head
    Seal(Dir),
    /// 备份 Write a consistent copy while running; never copies the guard
    Backup(Target),
    /// 提供 HTTP 服务 Serve the ledger over HTTP
    Serve(Serve),
    /// 见证 Cosign the checkpoints of ledgers, as an independent witness
    Witness(WitnessArguments),
    /// 演示 Run the main job on the sample that ships with the program
    Demo(Demo),
}

#[derive(Debug, Args)]
pub(crate) struct Dir {
    /// 账本目录 The ledger's directory
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Target {
    /// 账本目录 The ledger's directory
    pub(crate) dir: PathBuf,
    /// 目标目录 Where to write
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// 账本目录，须为空 The ledger's directory, which must be empty
    pub(crate) dir: PathBuf,
    /// 账本名称 The log's origin, e.g. ggzy.example/wuhan
    #[arg(long)]
    pub(crate) origin: String,
    /// 法域 Where its law is, [a-z0-9-]
    #[arg(long, default_value = "cn")]
    pub(crate) jurisdiction: String,
    /// 回滚防护文件，宜放另一块盘 The rollback guard's file; better on another disk
    #[arg(long)]
    pub(crate) guard: Option<PathBuf>,
    /// 不记录随附的规则和日历 Record neither the rulebook nor the calendar that ship with the program
    #[arg(long)]
    pub(crate) no_rulebook: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// 账本目录；- 表示只按随附的规则 The ledger's directory; - asks only the rules that ship with the program
    pub(crate) dir: PathBuf,
    /// 稿件 The draft (JSON); - is standard input
    pub(crate) draft: PathBuf,
    /// 拟密封的字段 What is to be sealed, as FIELD:UNTIL
    #[arg(long)]
    pub(crate) seal: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct LawFile {
    /// 账本目录 The ledger's directory
    pub(crate) dir: PathBuf,
    /// 规则或日历文件 The rulebook or calendar file
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) signer: Signer,
}

#[derive(Debug, Args)]
pub(crate) struct Keygen {
    /// 密钥文件 The key file to make
    pub(crate) file: PathBuf,
}

/// Who signs an authority statement or an erasure.
#[derive(Debug, Args)]
pub(crate) struct Signer {
    /// 签发主体，默认 root Who signs; default: root, with DIR/root.key
    #[arg(long, requires = "signer_key")]
    pub(crate) signer: Option<String>,
    /// 签发密钥 The signer's key file
    #[arg(long)]
    pub(crate) signer_key: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RoleArgument {
    Publisher,
    Supervisor,
}

#[derive(Debug, Args)]
pub(crate) struct Enrol {
    /// 账本目录 The ledger's directory
    pub(crate) dir: PathBuf,
    /// 主体编号，宜用统一社会信用代码 The publisher's id
    #[arg(long)]
    pub(crate) publisher: String,
    /// 名称 Its name
    #[arg(long)]
    pub(crate) name: String,
    /// 密钥文件或公钥 JWK Its key file or public JWK
    #[arg(long)]
    pub(crate) key: String,
    /// 角色 What it may do
    #[arg(long, value_enum, num_args = 1.., value_delimiter = ',', default_values = ["publisher"])]
    pub(crate) role: Vec<RoleArgument>,
    /// 类别代码，all 为全部 Sector codes; `all` for every one
    #[arg(long, num_args = 1.., value_delimiter = ',', required = true)]
    pub(crate) sector: Vec<String>,
    /// 行政区划前缀，all 为全部 Region prefixes of 2, 4 or 6 digits; `all` for everywhere
    #[arg(long, num_args = 1.., value_delimiter = ',', required = true)]
    pub(crate) region: Vec<String>,
    #[command(flatten)]
    pub(crate) signer: Signer,
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// 账本目录 The ledger's directory
    pub(crate) dir: PathBuf,
    /// 主体编号 The publisher's id
    #[arg(long)]
    pub(crate) publisher: String,
    /// 新名称 Its new name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// 新密钥 Its new key file or public JWK
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// 新角色 Its new roles
    #[arg(long, value_enum, num_args = 1.., value_delimiter = ',')]
    pub(crate) role: Vec<RoleArgument>,
    /// 新类别 Its new sectors
    #[arg(long, num_args = 1.., value_delimiter = ',')]
    pub(crate) sector: Vec<String>,
    /// 新区划 Its new region prefixes
    #[arg(long, num_args = 1.., value_delimiter = ',')]
    pub(crate) region: Vec<String>,
    #[command(flatten)]
    pub(crate) signer: Signer,
}

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// 账本目录 The ledger's directory
    pub(crate) dir: PathBuf,
    /// 主体编号 The publisher's id
    #[arg(long)]
    pub(crate) publisher: String,
    #[command(flatten)]
    pub(crate) signer: Signer,
}

#[derive(Debug, Args)]
pub(crate) struct RotateLog {
    /// 账本目录 The ledger's directory
    pub(crate) dir: PathBuf,
    /// 新密钥文件，默认生成 The next key's file; default: a new key is made
    #[arg(long)]
    pub(crate) key: Option<PathBuf>,
    /// 根密钥文件 The root key's file; default DIR/root.key
    #[arg(long)]
    pub(crate) root_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RotateRoot {
    /// 账本目录 The ledger's directory
    pub(crate) dir: PathBuf,
    /// 新根密钥文件或公钥 The next root's key file or public JWK; default: a new key is made as DIR/root.key
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// 恢复密钥文件 The recovery key's file; default DIR/recovery.key
    #[arg(long)]
    pub(crate) recovery_key: Option<PathBuf>,
}

/// Whose statement it is.
#[derive(Debug, Args)]
pub(crate) struct Issuer {
    /// 发布主体编号 The publisher's id
    #[arg(long)]
    pub(crate) publisher: String,
    /// 发布主体密钥文件 The publisher's key file
    #[arg(long)]
    pub(crate) key: PathBuf,
}

/// A ledger that is served elsewhere.
#[derive(Debug, Args)]
struct Away {
    /// 账本服务地址，代替目录；密钥仍在本机 The address of a served ledger, instead of its directory; keys stay here
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// The ledger's place and what comes after it: with a URL, the first argument is no directory.
fn place_and_file(first: &Path, second: Option<&PathBuf>, away: &Away) -> (Place, PathBuf) {
    match (&away.url, second) {
        (None, Some(file)) => (Place::Dir(first.to_owned()), file.clone()),
        (Some(url), _) => (Place::Url(url.clone()), first.to_owned()),
        (None, None) => (Place::Dir(first.to_owned()), PathBuf::new()),
    }
}

impl Publish {
    /// Where the ledger is, and the draft.
    pub(crate) fn place_and_draft(&self) -> (Place, PathBuf) {
        place_and_file(&self.first, self.second.as_ref(), &self.away)
    }
}

impl Reveal {
    /// Where the ledger is, and the file of withheld values.
    pub(crate) fn place_and_file(&self) -> (Place, PathBuf) {
        place_and_file(&self.first, self.second.as_ref(), &self.away)
    }
}

impl Erase {
    /// Where the ledger is.
    pub(crate) fn place(&self) -> Place {
        match (&self.away.url, &self.first) {
            (Some(url), _) => Place::Url(url.clone()),
            (None, dir) => Place::Dir(dir.clone().unwrap_or_default()),
        }
    }
}

impl Import {
    /// Where the ledger is, and the files.
    pub(crate) fn place_and_files(&self) -> (Place, Vec<PathBuf>) {
        match &self.away.url {
            Some(url) => (Place::Url(url.clone()), [std::slice::from_ref(&self.first), &self.rest].concat()),
            None => (Place::Dir(self.first.clone()), self.rest.clone()),
        }
    }
}

#[derive(Debug, Args)]
#[allow(clippy::struct_field_names)] // `--publish-reserve` is the flag's name
#[command(override_usage = "mingzhang publish <DIR | --url URL> <DRAFT> --publisher <ID> --key <FILE> [OPTIONS]")]
pub(crate) struct Publish {
    /// 账本目录（用 --url 时省略） The ledger's directory; not with --url
    #[arg(value_name = "DIR")]
    first: PathBuf,
    /// 公告稿件，- 为标准输入 The draft; `-` is standard input
    #[arg(value_name = "DRAFT", required_unless_present = "url", conflicts_with = "url")]
    second: Option<PathBuf>,
    #[command(flatten)]
    away: Away,
    #[command(flatten)]
    pub(crate) issuer: Issuer,
    /// 密封字段，例如 `data.reserve_price:award` Seal a field until a stage or a date
    #[arg(long, value_name = "FIELD:UNTIL", requires = "sealed_out")]
    pub(crate) seal: Vec<String>,
    /// 密封值写入此文件（0600） Where the withheld values go, and nowhere else
    #[arg(long, value_name = "FILE", requires = "seal")]
    pub(crate) sealed_out: Option<PathBuf>,
    /// 附件 Attach files: their hashes are signed
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) attach: Vec<PathBuf>,
    /// 回执写入此文件 Write the receipt
    #[arg(long, value_name = "OUT")]
    pub(crate) receipt: Option<PathBuf>,
    /// 公开底价 Publish a reserve price unsealed
    #[arg(long)]
    pub(crate) publish_reserve: bool,
    /// 将违反规则的稿件一律拒绝 Refuse drafts that would break a rule, instead of warning
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
#[command(override_usage = "mingzhang reveal <DIR | --url URL> <FILE> --publisher <ID> --key <FILE>")]
pub(crate) struct Reveal {
    /// 账本目录（用 --url 时省略） The ledger's directory; not with --url
    #[arg(value_name = "DIR")]
    first: PathBuf,
    /// 密封时写出的文件 The file that `publish --sealed-out` wrote
    #[arg(value_name = "FILE", required_unless_present = "url", conflicts_with = "url")]
    second: Option<PathBuf>,
    #[command(flatten)]
    away: Away,
    #[command(flatten)]
    pub(crate) issuer: Issuer,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "mingzhang erase <DIR | --url URL> --notice <ID> --field <FIELD>... --ground <GROUND> --reason <REASON> [OPTIONS]"
)]
pub(crate) struct Erase {
    /// 账本目录（用 --url 时省略） The ledger's directory; not with --url
    #[arg(value_name = "DIR", required_unless_present = "url", conflicts_with = "url")]
    first: Option<PathBuf>,
    #[command(flatten)]
    away: Away,
    /// 公告编号 The notice's id
    #[arg(long)]
    pub(crate) notice: String,
    /// 公告的发布主体（编号不唯一时） Its publisher, where several have a notice of that id
    #[arg(long)]
    pub(crate) publisher: Option<String>,
    /// 字段，例如 `parties[0].contact`、text The field, e.g. `parties[0].contact`, text, person
    #[arg(long, required = true, num_args = 1..)]
    pub(crate) field: Vec<String>,
    /// 法律依据 The legal ground
    #[arg(long)]
    pub(crate) ground: String,
    /// 理由 The reason
    #[arg(long)]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) signer: Signer,
}

#[derive(Debug, Args)]
#[command(override_usage = "mingzhang import <DIR | --url URL> <FILES>... --publisher <ID> --key <FILE> [OPTIONS]")]
pub(crate) struct Import {
    /// 账本目录（用 --url 时省略） The ledger's directory; not with --url
    #[arg(value_name = "DIR")]
    first: PathBuf,
    /// 稿件文件，每行一份 Drafts, one JSON object a line; `-` is standard input
    #[arg(value_name = "FILES", required_unless_present = "url")]
    rest: Vec<PathBuf>,
    #[command(flatten)]
    away: Away,
    #[command(flatten)]
    pub(crate) issuer: Issuer,
    /// 被拒稿件写入此文件 Where refused lines go, each with its number, reason and draft
    #[arg(long, value_name = "OUT.jsonl")]
    pub(crate) rejected: Option<PathBuf>,
    /// 每次提交后追加并落盘 A line for every notice recorded, fsynced after each commit
    #[arg(long, value_name = "FILE")]
    pub(crate) acks: Option<PathBuf>,
    /// 只检查不录入 Only say what would happen; needs the directory
    #[arg(long, conflicts_with = "url")]
    pub(crate) check: bool,
    /// 公开底价 Publish reserve prices unsealed
    #[arg(long)]
    pub(crate) publish_reserve: bool,
    /// 将违反规则的稿件一律拒绝 Refuse drafts that would break a rule, instead of warning
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Receipt {
    /// 账本目录 The ledger's directory
    pub(crate) dir: PathBuf,
    /// 条目序号 The entry's index
    #[arg(required_unless_present = "notice", conflicts_with = "notice")]
    pub(crate) index: Option<u64>,
    /// 公告编号 The notice's id
    #[arg(long)]
    pub(crate) notice: Option<String>,
    /// 公告的发布主体（编号不唯一时） Its publisher, where several have a notice of that id
    #[arg(long)]
    pub(crate) publisher: Option<String>,
    /// 输出文件，- 为标准输出 Where to write; `-` is standard output
    #[arg(short, long)]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ProjectFile {
    /// 账本目录 The ledger's directory
    pub(crate) dir: PathBuf,
    /// 项目编号 The project's id, as a person types it
    pub(crate) project: String,
    /// 输出文件，- 为标准输出 Where to write; `-` is standard output
    #[arg(short, long)]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Absence {
    #[command(flatten)]
    pub(crate) of: ProjectFile,
    /// 只在该环节没有公示过时才写出，代码或中文名 Write it only if this stage was not disclosed: its code or Chinese name
    #[arg(long)]
    pub(crate) stage: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// 账本目录 The ledger's directory
    pub(crate) dir: PathBuf,
    /// 项目编号 The project's id, as a person types it
    pub(crate) project: String,
}

#[derive(Debug, Args)]
pub(crate) struct WitnessArguments {
    /// 见证人目录：密钥和记忆，首次启动时建立 The witness's directory, key and memory; made at its first start
    pub(crate) dir: PathBuf,
    /// 监听地址 Where to listen
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: String,
    /// 账本公钥（vkey），可给多个 The verifier keys of the logs it cosigns for
    #[arg(long, value_name = "VKEY", required = true, num_args = 1..)]
    pub(crate) log: Vec<String>,
    /// 见证人名称，首次启动时确定 Its name, a URL without scheme; fixed at its first start
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// 重放见证：只共签从此地址取得并审计过的 Cosign only what was fetched from this address and audited
    #[arg(long, value_name = "URL")]
    pub(crate) replay: Option<String>,
    /// 日志格式 The form of the log on standard error
    #[arg(long, value_enum, default_value_t)]
    pub(crate) log_format: LogFormat,
    /// 日志详细程度 How much is logged
    #[arg(long, value_enum, default_value_t)]
    pub(crate) log_level: LogLevel,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// 演示目录，默认临时目录 Where to run; default: a new directory
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
    /// 服务监听地址；端口 0 为任选 Where the demo's server listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) listen: String,
    /// 演示完即结束，不留服务和目录 End after showing it, and leave neither server nor directory behind
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// 账本目录 The ledger's directory
    pub(crate) dir: PathBuf,
    /// 监听地址，例如 127.0.0.1:8080；端口 0 为任选 Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: String,
    /// 外部访问的地址 Where it is reached from outside, e.g. <https://ledger.example>
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// 配置文件（TOML） Limits and the options above, as TOML
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// 无新公告时多久封一个空批次，off 为不封 How long a ledger may be quiet before an empty batch is sealed; default 1h; `off`: for ever
    #[arg(long, value_name = "DURATION")]
    pub(crate) heartbeat: Option<String>,
    /// 信任策略（C2SP tlog-policy）：向其中列出网址的见证人请求共签，达到法定数才公布 The trust policy: its witnesses with addresses are asked to cosign, and a head is published once the quorum has
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// 等待多久后未达法定数也公布，默认永不 Publish without the quorum after this time; default: never
    #[arg(long, value_name = "DURATION", requires = "policy")]
    pub(crate) publish_without_quorum_after: Option<String>,
    /// 日志格式 The form of the log on standard error
    #[arg(long, value_enum, default_value_t)]
    pub(crate) log_format: LogFormat,
    /// 日志详细程度 How much is logged; `debug`: every request
    #[arg(long, value_enum, default_value_t)]
    pub(crate) log_level: LogLevel,
}
