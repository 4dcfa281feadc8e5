/// What is said to a shell that stands where no Python is: lines of sh, some with bytes behind them.
///
/// dash, bash and busybox's ash evaluate them alike. Three rules that a reader could break. `read` takes a line byte by
/// byte, but busybox's `head` reads ahead: so one line has at most one payload, and nothing follows it before its
/// answer. No command may hold the descriptors of the link, on which the agent will speak one day: commands read
/// /dev/null or a file and write to files, in a session of their own, and what they leave running can disturb nobody.
/// While a command runs the shell reads on, so that it can be told to end it.
enum ShellStage {
  /// Of stdout and of stderr each; both fit in one message of the wire.
  static let outputLimit = 33_030_144

  /// Where a command's bytes come from and go to.
  enum Mode: Int {
    /// stdout and stderr, each in a file, are sent when the command has ended.
    case separate = 0
    /// Both in one file.
    case merged = 1
    /// Both on the shell's stderr as they come, between two marks, for a program that asks for a secret there.
    case asking = 2
    /// As `asking`, but stdout in a file.
    case askingOnStderr = 3
  }

  /// Begins the conversation. Answered as a command is.
  static func begin(nonce: String) -> String {
    """
    _m=1;_n=\(nonce);_d=;_S=;\
    for _p in "${TMPDIR:-/tmp}" /tmp /var/tmp /dev/shm /run "${HOME:-/}" "$PWD";do \
    mkdir -m 700 "$_p/.mitogen-$_n" 2>/dev/null&&_d=$_p/.mitogen-$_n&&break;done;\
    trap 'rm -rf "$_d"' EXIT;trap 'exit 1' HUP TERM;\
    command -v setsid >/dev/null&&_S=setsid;\
    _r='\(run)';\
    _x(){ wait;head -c $(($1+$2)) >"$_d/p";_c=$(head -c "$1" "$_d/p";printf x);_c=${_c%x};\
    _i=/dev/null;[ "$2" = 0 ]||{ _i=$_d/i;tail -c "$2" "$_d/p" >"$_i"; };\
    [ "$3" -lt 2 ]||{ mkfifo -m 600 "$_d/f";_i=$_d/f; };\
    $_S /bin/sh -c "$_r" "$_c" "$_i" "$_d" "$3" "$_n" & _p=$!; };\
    _k(){ kill -TERM ${_S:+-}$_p;sleep 1;kill -KILL ${_S:+-}$_p; } 2>/dev/null;\
    _e=;for _p in head mkdir mkfifo rm sleep tail wc;do command -v $_p >/dev/null||_e="$_e $_p";done;\
    if [ "$_e" ];then printf "\(refused)these are not there:%s\\n" $_n "$_e";\
    elif [ "$_d" ];then printf "\(answered)0 0 0\\n" $_n;\
    else printf "\(refused)no directory can be written to\\n" $_n;fi

    """
  }

  /// In the command's session, for `$0`: runs it with stdin `$1`, and answers with its status and its output.
  private static let run = """
    : >"$2/o";: >"$2/e";\
    case $3 in 0)/bin/sh -c "$0" <"$1" >"$2/o" 2>"$2/e";;\
    1)/bin/sh -c "$0" <"$1" >"$2/o" 2>&1;;\
    *)printf "\(askingBegins)" "$4" >&2;\
    if [ "$3" = 2 ];then /bin/sh -c "$0" <>"$1" >&2;else /bin/sh -c "$0" <>"$1" >"$2/o";fi;;esac;\
    _k=$?;[ "$3" -lt 2 ]||printf "\(askingEnds)" "$4" >&2;\
    _o=$(wc -c <"$2/o");_e=$(wc -c <"$2/e");\
    _o=$((_o>\(outputLimit)?\(outputLimit):_o));_e=$((_e>\(outputLimit)?\(outputLimit):_e));\
    printf "\(answered)%s %s %s\\n" "$4" $_k $_o $_e;\
    head -c $_o "$2/o";head -c $_e "$2/e";rm -f "$2/o" "$2/e" "$2/i" "$2/p" "$2/f"
    """

  private static let answered = "MITO:%s="
  private static let refused = "MITO:%s~"
  private static let askingBegins = "MITO:%s["
  private static let askingEnds = "MITO:%s]"

  /// Runs a script with these bytes as its stdin, which follow the line, the script first.
  static func run(script: Int, stdin: Int, mode: Mode) -> String { "_x \(script) \(stdin) \(mode.rawValue)\n" }

  /// Types a secret for the command that runs. `printf` is the shell's own: no other process sees it.
  static func answer(_ secret: String) -> String {
    "printf '%s\\n' \(quoted(secret)) 1<>\"$_d/f\"\n"
  }

  /// Ends the command that runs, with its session. The shell is of no use after it.
  static let end = "_k\n"

  /// Looks for a Python again.
  static func search(hasBegun: Bool) -> String { hasBegun ? "rm -rf \"$_d\";trap - EXIT HUP TERM;_m=\n" : "_m=\n" }

  /// One word of sh.
  static func quoted(_ word: String) -> String {
    var result: [UInt8] = [UInt8(ascii: "'")]
    for byte in word.utf8 {
      if byte == UInt8(ascii: "'") { result += Array("'\\'".utf8) }
      result.append(byte)
    }
    return String(decoding: result + [UInt8(ascii: "'")], as: UTF8.self)
  }
}
