"""Every attack with a trainer's keys and uploads: what it is, who makes it, how it is played, and what is said then.

Each is refused, and leaves nothing where it does not belong: the tests beside this file say what that is for each way,
and tests/fleet/test_trainer.py and test_receive.py for the lab. The cases of an attack are names of what the modules
beside this one hold, or what is typed; an attack without any is the case of its name.
"""

from tests.unit.attacks.attack import Attack, By, Way

A, NEW = Attack, "2026-05-01"
UPLOAD, LOGIN, TRAINING, RECEIVE = By.UPLOAD_KEY, By.LOGIN, By.TRAINING, By.RECEIVE_KEY
NAME, SIZE = (f"the announcement: the message.files[1].{field}: found " for field in ("name", "size"))
DIGEST = "the announcement: the message.files[1].sha256: found no SHA-256"
COUNT = "the announcement: found {} files, {} names; expected up to 32 files, each once, with manifest.yaml"
LINE = "found no line of at most 65536 bytes; expected the announcement"
CUT = "the connection ended; upload it again, which goes on from there"
OTHER = "found another command; allowed: upload MODEL VERSION"
OLDER = "found the trainer's program of conversation %d; expected 2; have the trainer and this datasink deployed"
ELSE = "other bytes came than were announced; try again"
SHUT = "SSH_ORIGINAL_COMMAND: found "
MODEL = "haarcascades"
SSH, UP = "{ssh} {datasink}", "upload cats 2026-03-01"

# fmt: off
ATTACKS = [
    A("no command", UPLOAD, Way.COMMAND, OTHER, ("",)),
    A("half of the command", UPLOAD, Way.COMMAND, OTHER, ("upload", "upload cats")),
    A("more words", UPLOAD, Way.COMMAND, OTHER, ("upload cats 2026-01-01 dogs", "upload cats 2026-01-01 ")),
    A("other spaces", UPLOAD, Way.COMMAND, OTHER, (
        " upload cats 2026-01-01", "upload  cats 2026-01-01", "upload\tcats\t2026-01-01", "upload cats 2026-01-01\n")),
    A("a shell's words", UPLOAD, Way.COMMAND, OTHER, (
        "upload cats 2026-01-01; id", "upload $(id) 2026-01-01", "upload `id` 2026-01-01",
        "upload cats 2026-01-01 && id")),
    A("a path as model", UPLOAD, Way.COMMAND, OTHER, (
        "upload ../cats 2026-01-01", "upload .. 2026-01-01", "upload /etc 2026-01-01")),
    A("a path as version", UPLOAD, Way.COMMAND, OTHER, ("upload cats ..", "upload cats ../2026-01-01")),
    A("an option as model", UPLOAD, Way.COMMAND, OTHER, ("upload -x 2026-01-01",)),
    A("letters that no model has", UPLOAD, Way.COMMAND, OTHER, (
        "upload Cats 2026-01-01", "upload cat\u0661 2026-01-01", f"upload {'c' * 64} 2026-01-01")),
    A("a day that is none", UPLOAD, Way.COMMAND, OTHER, (
        "upload cats 2026-01-0\u0661", "upload cats 2026-02-30", "upload cats 2026-01-01.1",
        "upload cats 2026-01-01.02")),
    A("a model that a terminal obeys", UPLOAD, Way.COMMAND, OTHER, ("upload \x1b[2Jcats 2026-01-01",)),
    A("another command of the program", UPLOAD, Way.COMMAND, OTHER, (
        "UPLOAD cats 2026-01-01", "sweep", "facts", "install-program x")),
    A("a shell", UPLOAD, Way.COMMAND, OTHER, ("bash -i",)),
    A("another program for files", UPLOAD, Way.COMMAND, OTHER, (
        "rsync --server --sender -logDtpr . /", "scp -t /tmp", "/usr/lib/openssh/sftp-server")),

    A("a file's name that is a path", UPLOAD, Way.ANNOUNCEMENT, NAME, (
        "a name above", "a name from the root", "a name below", "the folder above")),
    A("a file's name that is none", UPLOAD, Way.ANNOUNCEMENT, NAME, (
        "no name", "a long name", "a list in the place of a name", "a name with a digit of another script")),
    A("a file's name with another meaning", UPLOAD, Way.ANNOUNCEMENT, NAME, (
        "a hidden name", "a name like an option", "a name with a zero byte", "a name of two lines",
        "a name that a terminal obeys")),
    A("a size that is none", UPLOAD, Way.ANNOUNCEMENT, SIZE, (
        "less than nothing", "a size with a point", "a size that is true", "a size that is a text",
        "a size that is null", "a petabyte")),
    A("a size of 400 digits", UPLOAD, Way.ANNOUNCEMENT, ""),
    A("10 GB", UPLOAD, Way.ANNOUNCEMENT, "the announcement: found more than 2,147,483,648 bytes"),
    A("a digest that is none", UPLOAD, Way.ANNOUNCEMENT, DIGEST, (
        "a short digest", "a digest in capitals", "a digest that is a path")),
    A("a file twice", UPLOAD, Way.ANNOUNCEMENT, COUNT.format(4, 3)),
    A("no manifest", UPLOAD, Way.ANNOUNCEMENT, COUNT.format(2, 2)),
    A("no files", UPLOAD, Way.ANNOUNCEMENT, COUNT.format(0, 0)),
    A("33 files", UPLOAD, Way.ANNOUNCEMENT, COUNT.format(33, 33)),
    A("a large manifest", UPLOAD, Way.ANNOUNCEMENT, "manifest.yaml: expected at most 65536 bytes"),
    A("an object in the place of the files", UPLOAD, Way.ANNOUNCEMENT, "the announcement: the message.files: found {}"),
    A("an empty object", UPLOAD, Way.ANNOUNCEMENT, "the announcement: the message: found no files"),
    A("the first conversation", UPLOAD, Way.ANNOUNCEMENT, OLDER % 1),
    A("the next conversation", UPLOAD, Way.ANNOUNCEMENT, OLDER % 3),
    A("a conversation that is a text", UPLOAD, Way.ANNOUNCEMENT, "the announcement: the message.conversation: found "),
    A("the next format", UPLOAD, Way.ANNOUNCEMENT, "the announcement: found format 2, expected 1 or older"),
    A("no object", UPLOAD, Way.ANNOUNCEMENT, "the announcement: ", (
        "a list", "no UTF-8", "half of an object", "an empty line", "what rsync says")),
    A("brackets", UPLOAD, Way.ANNOUNCEMENT, "the announcement: too many brackets"),
    A("a line without end", UPLOAD, Way.ANNOUNCEMENT, LINE, (
        "a line as long as may be, without an end", "a longer line")),
    A("no line", UPLOAD, Way.ANNOUNCEMENT, CUT, ("a line that is cut off", "nothing")),

    A("another file of that size", UPLOAD, Way.BYTES, f"cats.bin: {ELSE}"),
    A("another manifest of that size", UPLOAD, Way.BYTES, f"manifest.yaml: {ELSE}"),
    A("more bytes", UPLOAD, Way.BYTES, "more bytes came than were announced", ("a byte more", "many bytes more")),
    A("no byte", UPLOAD, Way.BYTES, CUT),

    A("an upload that never ends", UPLOAD, Way.SILENCE, "nothing came for 0 s; upload it again", (
        "silence at first", "half a line", "an announcement alone", "most of the bytes")),
    A("a trickle", UPLOAD, Way.TRICKLE, "not done in 0 hours"),

    A("a link that leads to a secret", LOGIN, Way.PLANT, "", (
        "a link to a secret under a file's name", "a link to a secret as manifest", "a link to a secret as begun",
        "a link to a folder")),
    A("another name of a secret's file", LOGIN, Way.PLANT, "", (
        "another name of a secret as begun", "another name of a secret")),
    A("a pipe in the place of a file", LOGIN, Way.PLANT, "", ("a named pipe as begun", "a named pipe")),
    A("a folder in the place of a file", LOGIN, Way.PLANT, "", ("a folder as begun", "folders under a file's name")),
    A("bytes that nobody sent", LOGIN, Way.PLANT, "", (
        "more than was announced as begun", "other bytes as begun", "another file")),
    A("a link in the place of a folder", LOGIN, Way.FOLDER, "found a link; expected a folder", (
        "the area", "the model's folder", "the version's folder")),

    A("os.system", TRAINING, Way.PICKLE, "os.system", (
        "a function by protocol 0", "a function by protocol 4", "an instance", "an object",
        "behind an honest beginning", "a name from a memo that was changed")),
    A("posix", TRAINING, Way.PICKLE, "posix.system"),
    A("eval", TRAINING, Way.PICKLE, "builtins.eval"),
    A("eval of Python 2", TRAINING, Way.PICKLE, "__builtin__.eval"),
    A("getattr", TRAINING, Way.PICKLE, "builtins.getattr"),
    A("subprocess", TRAINING, Way.PICKLE, "subprocess.Popen", ("a new object", "a new object with keywords")),
    A("a name below an allowed one", TRAINING, Way.PICKLE, "SVC.__init__.__globals__"),
    A("numpy's own helper", TRAINING, Way.PICKLE, "runstring"),
    A("a pickle in a pickle", TRAINING, Way.PICKLE, "pickle.loads"),
    A("a constructor of copyreg", TRAINING, Way.PICKLE, "copy_reg"),
    A("a class beside the allowed one", TRAINING, Way.PICKLE, "NuSVC"),
    A("a state of a random generator", TRAINING, Way.PICKLE, "__randomstate_ctor"),
    A("terminal escapes", TRAINING, Way.PICKLE, "os?[2J.system"),
    A("behind the end of a model", TRAINING, Way.PICKLE, "bytes follow"),
    A("another thing than a model", TRAINING, Way.PICKLE, "something else", (
        "no dictionary", "no model", "an encoder in the place of the SVC")),
    A("an object by its number", TRAINING, Way.PICKLE, "persistent id", (
        "a persistent id", "a persistent id of protocol 0")),
    A("an extension code", TRAINING, Way.PICKLE, "extension code 1"),
    A("an extension code of two bytes", TRAINING, Way.PICKLE, "extension code 257"),
    A("an extension code of four bytes", TRAINING, Way.PICKLE, "extension code 16843009"),
    A("a buffer beside the stream", TRAINING, Way.PICKLE, "out-of-band"),
    A("what no class is told", TRAINING, Way.PICKLE, "TypeError", (
        "arguments of a class", "keywords of a class", "a state of a class", "slots of a class", "slots of ndarray",
        "slots of a function", "an item of an object", "an item of an array", "bytes of a size")),
    A("slots of an object", TRAINING, Way.PICKLE, "the state of SVC"),
    A("two states", TRAINING, Way.PICKLE, "the state of LabelEncoder"),
    A("appended to an object", TRAINING, Way.PICKLE, "AttributeError"),
    A("a call of an object", TRAINING, Way.PICKLE, "not callable"),
    A("a codec that is not for texts", TRAINING, Way.PICKLE, "another codec", ("another codec", "a codec's bytes")),
    A("a call of ndarray", TRAINING, Way.PICKLE, "a call of numpy.ndarray"),
    A("an array that is made otherwise", TRAINING, Way.PICKLE, "_reconstruct", (
        "an array of another class", "an array that is huge at once")),
    A("an array of another length than its bytes", TRAINING, Way.PICKLE, "larger or smaller", (
        "an array that is longer than its bytes", "an array that is shorter than its bytes",
        "pointers in the place of objects", "pointers in a buffer")),
    A("an array of a negative shape", TRAINING, Way.PICKLE, "no proper shape"),
    A("a buffer that is cut short", TRAINING, Way.PICKLE, "larger"),
    A("a scalar that is none", TRAINING, Way.PICKLE, "scalar", ("a scalar that is cut short", "a scalar of an object")),
    A("a second state of an array", TRAINING, Way.PICKLE, "a state of an array"),
    A("a dtype with fields", TRAINING, Way.PICKLE, "a numpy.dtype that no"),
    A("another state of a dtype", TRAINING, Way.PICKLE, "a state of numpy.dtype", (
        "a dtype of a larger item", "a dtype of fields in its state", "a dtype that is changed later",
        "a second state of a dtype")),
    A("a dtype without a state", TRAINING, Way.PICKLE, "no whole numpy.dtype"),
    A("a pickle without its end", TRAINING, Way.PICKLE, "truncated", ("a stream that is cut off", "no end")),
    A("no stream", TRAINING, Way.PICKLE, "EOFError"),
    A("an older beginning", TRAINING, Way.PICKLE, "unsupported pickle protocol: 99"),
    A("something else", TRAINING, Way.PICKLE, "cannot be read"),
    A("more than the memory", TRAINING, Way.FLOOD, "wants more memory", (
        "2 GB of bytes", "2 GB of a bytearray", "an exabyte", "2 GB of text", "2 GB of a number",
        "a frame of an exabyte", "a far memo")),
    A("more than the time or the stack", TRAINING, Way.FLOOD, "", (
        "a number of a million digits", "a million marks", "a deep key")),
    A("a deep list", TRAINING, Way.FLOOD, "something else"),
    A("laughs", TRAINING, Way.FLOOD, "a numpy.dtype that no face model has"),
    A("another signature", TRAINING, Way.BASELINES, "no HDF5 file"),
    A("a newer superblock", TRAINING, Way.BASELINES, "its superblock is of version 2"),
    A("other offsets", TRAINING, Way.BASELINES, "its superblock"),
    A("a base address", TRAINING, Way.BASELINES, "a base address"),
    A("a driver", TRAINING, Way.BASELINES, "a base address or a driver"),
    A("cut off", TRAINING, Way.BASELINES, "it has 3568 bytes, and says 3584"),
    A("longer", TRAINING, Way.BASELINES, "it has 3585 bytes, and says 3584"),
    A("parts beyond the end", TRAINING, Way.BASELINES, "lies outside of the file", (
        "a root beyond the end", "a header beyond the end", "a tree of many nodes")),
    A("a root's entry of something else", TRAINING, Way.BASELINES, "the entry of its root and its header differ", (
        "a root's entry that lies", "a root's entry of another kind")),
    A("a root that is no group", TRAINING, Way.BASELINES, "its root is no group", (
        "a root that is a dataset", "a root of the new kind", "a root with links")),
    A("a root with a table of another size", TRAINING, Way.BASELINES, "its root is no group with one table"),
    A("a header of another version", TRAINING, Way.BASELINES, "an object's header is of version 2"),
    A("a header of many messages", TRAINING, Way.BASELINES, "an object's header is of version 1 with 1001 messages"),
    A("a header of more messages than it has", TRAINING, Way.BASELINES, "has 6 messages, and says 7"),
    A("a message beyond its block", TRAINING, Way.BASELINES, "cut off"),
    A("a message elsewhere", TRAINING, Way.BASELINES, "lies elsewhere"),
    A("a header that goes on in itself", TRAINING, Way.BASELINES, "'ann': its parts lie over each other"),
    A("bytes in other files", TRAINING, Way.BASELINES, "it has bytes in other files"),
    A("a filter", TRAINING, Way.BASELINES, "it has a filter"),
    A("attributes elsewhere", TRAINING, Way.BASELINES, "it has attributes elsewhere"),
    A("no heap", TRAINING, Way.BASELINES, "the heap of its names is none"),
    A("a heap beyond the end", TRAINING, Way.BASELINES, "the heap lies outside"),
    A("names without a tree", TRAINING, Way.BASELINES, "the tree of its names is none", (
        "no tree", "a tree of another kind", "a tree of a wrong level")),
    A("a tree in itself", TRAINING, Way.BASELINES, "twice"),
    A("a tree that leads to a node twice", TRAINING, Way.BASELINES, "leads to a node twice"),
    A("no symbol node", TRAINING, Way.BASELINES, "a symbol node is none"),
    A("a link in the place of a dataset", TRAINING, Way.BASELINES, "a group or a link at its root"),
    A("names that are none", TRAINING, Way.BASELINES, "no short line of text", (
        "a symbol node of many names", "a name beyond the heap", "an empty name", "a name with an escape",
        "a name that is no UTF-8")),
    A("a name twice", TRAINING, Way.BASELINES, "the name 'ann' twice"),
    A("something else than a dataset", TRAINING, Way.BASELINES, "'ann': it is no dataset", (
        "a group in the place of a dataset", "two shapes")),
    A("another length", TRAINING, Way.BASELINES, "'ann': it has the shape (127,); expected 128 floats"),
    A("two dimensions", TRAINING, Way.BASELINES, "the shape (128, 1)"),
    A("a shape of an unknown way", TRAINING, Way.BASELINES, "unknown way", (
        "many dimensions", "a shape of another version", "a threshold of two numbers")),
    A("values of another kind", TRAINING, Way.BASELINES, "other values than float32 or float64", (
        "integers", "the first byte first", "floats of 2 bytes")),
    A("values outside of the file", TRAINING, Way.BASELINES, "its values lies outside of the file", (
        "values beyond the end", "values that nobody wrote")),
    A("values in pieces", TRAINING, Way.BASELINES, "do not lie in one piece", (
        "values of another size", "chunks", "a layout of another version")),
    A("values that are no numbers", TRAINING, Way.BASELINES, "'ann': not all of its floats are finite", (
        "a value that is no number", "an endless value")),
    A("no threshold", TRAINING, Way.BASELINES, "'ann': it has no attribute threshold"),
    A("two thresholds", TRAINING, Way.BASELINES, "it has no attribute threshold that is one"),
    A("a threshold that is no number", TRAINING, Way.BASELINES, "'ann': its threshold is nan"),
    A("an endless threshold", TRAINING, Way.BASELINES, "'ann': its threshold is -inf"),
    A("an unknown attribute", TRAINING, Way.BASELINES, "an attribute of an unknown kind", (
        "an attribute of another version", "an attribute with a type elsewhere")),
    A("an attribute with a long name", TRAINING, Way.BASELINES, "no attribute threshold"),
    A("an attribute of a long type", TRAINING, Way.BASELINES, "'ann': "),
    A("links elsewhere", TRAINING, Way.LINKED, "it has more than 8 names, some not in ASCII", (
        "links in a heap", "links in an order")),
    A("a root without links", TRAINING, Way.LINKED, "its root is no group", (
        "places of another version", "places that are cut short", "no places")),
    A("other links", TRAINING, Way.LINKED, "a link that is none to a dataset", (
        "a soft link", "a link of another version", "a link with a long name")),
    A("links without a proper name", TRAINING, Way.LINKED, "no short line of text", (
        "a link without a name", "a link with an escape")),
    A("a link beyond the end", TRAINING, Way.LINKED, "an object's header lies outside of the file"),
    A("a link twice", TRAINING, Way.LINKED, "the name 'ben' twice"),
    A("a list without rows", TRAINING, Way.LIST, "it has no row with a time stamp", (
        "empty", "without rows", "without time stamps")),
    A("without a column", TRAINING, Way.LIST, "it has not one column timestamp"),
    A("with a column twice", TRAINING, Way.LIST, "it has not one column event"),
    A("another number of fields", TRAINING, Way.LIST, "row 3 has 2 fields, and the first one 6"),
    A("an empty row", TRAINING, Way.LIST, "row 3 has 0 fields, and the first one 6"),
    A("a field that is no line", TRAINING, Way.LIST, "row 2 has a field that is no short line of text", (
        "an escape", "a field of lines", "a long field")),
    A("a long column", TRAINING, Way.LIST, "row 1 has a field that is no short line of text"),
    A("an endless field", TRAINING, Way.LIST, "field larger than field limit (131072)"),
    A("an open quote", TRAINING, Way.LIST, "unexpected end of data"),
    A("a quote in a field", TRAINING, Way.LIST, '\',\' expected after \'"\''),
    A("a list that is no text", TRAINING, Way.LIST, "it is no UTF-8", ("no UTF-8", "an HDF5 file")),
    A("no manifest", LOGIN, Way.FILES, "not uploaded, or not to its end; publish it again"),
    A("a file that is not whole", LOGIN, Way.FILES, f"{MODEL}/{NEW}: more.part: not whole; publish it again"),
    A("a missing file", LOGIN, Way.FILES, "files.eye: found no haarcascade_eye.xml among what was uploaded"),
    A("an empty file", TRAINING, Way.FILES, "haarcascade_eye.xml: an empty file; expected the file itself"),
    A("a link among the files", LOGIN, Way.FILES, "link: a link; publish it again"),
    A("a named pipe among the files", LOGIN, Way.FILES, "fifo: a special file; publish it again"),
    A("a manifest that is none", UPLOAD, Way.FILES, "manifest.yaml: version: found nothing"),
    A("a manifest of another model", UPLOAD, Way.FILES, "manifest.yaml: found openface_torch/"),
    A("a manifest of a path", UPLOAD, Way.FILES, "manifest.yaml: name: found '../../etc'"),
    A("a manifest of another version", UPLOAD, Way.FILES, "manifest.yaml: found haarcascades/2026-05-02; expected"),
    A("a metric that is no number", TRAINING, Way.FILES, "finite numbers", (
        "a metric that is no number", "a metric without end")),
    A("a text that a terminal obeys", TRAINING, Way.FILES, "allowed: printable names and texts of up to 200 letters", (
        "a metric that a terminal obeys", "a metric's name that a terminal obeys")),
    A("a source that a terminal obeys", TRAINING, Way.FILES, "allowed: one printable line"),
    A("a file that is written through a descriptor later", LOGIN, Way.REWRITING, f"{MODEL}/{NEW}: stored on data1"),
    A("a file that is written through a descriptor meanwhile", LOGIN, Way.REWRITING, ""),

    A("no words", RECEIVE, Way.SHELL, SHUT, ("",)),
    A("another command of the control node", RECEIVE, Way.SHELL, SHUT, ("sh", f"upload {MODEL} {NEW}")),
    A("half of the words", RECEIVE, Way.SHELL, SHUT, ("receive", f"receive {MODEL}")),
    A("an option of modelctl", RECEIVE, Way.SHELL, SHUT, (f"receive {MODEL} {NEW} --anyway", f"receive --help {NEW}")),
    A("a shell's words after them", RECEIVE, Way.SHELL, SHUT, (f"receive {MODEL} {NEW}; reboot",)),
    A("the words in another form", RECEIVE, Way.SHELL, SHUT, (
        f"receive  {MODEL} {NEW}", f"receive {MODEL} {NEW}\n", f"receive {MODEL} {NEW}\0")),
    A("a path in the words", RECEIVE, Way.SHELL, SHUT, (f"receive ../x {NEW}",)),
    A("a version that is none", RECEIVE, Way.SHELL, SHUT, (
        f"receive {MODEL} 2026-02-30", f"receive {MODEL} 2026-05-01.1", f"receive {MODEL} \uff12026-05-01")),
    A("words without end", RECEIVE, Way.SHELL, SHUT, ("receive " + "x" * 9999 + f" {NEW}",)),
    A("a session", UPLOAD, Way.LAB_UPLOAD, "", (f"{SSH} </dev/null", "{ssh} -tt {datasink} </dev/null")),
    A("a command of the system", UPLOAD, Way.LAB_UPLOAD, "", (
        f"{SSH} id </dev/null", f"{SSH} '{UP}; id' </dev/null")),
    A("a model that is a path", UPLOAD, Way.LAB_UPLOAD, "", (f"{SSH} upload ../cats 2026-03-01 </dev/null",)),
    A("a command of the node program", UPLOAD, Way.LAB_UPLOAD, "", (
        f"{SSH} facts </dev/null",
        "{ssh} -o SendEnv=LANG -o SetEnv=SSH_ORIGINAL_COMMAND=x {datasink} sweep </dev/null")),
    A("a port that is forwarded", UPLOAD, Way.LAB_UPLOAD, "", (
        "{ssh} -N -o ExitOnForwardFailure=yes -W 127.0.0.1:22 {datasink} </dev/null",
        f"timeout 20 {{ssh}} -o ExitOnForwardFailure=yes -R 4711:127.0.0.1:22 {{datasink}} {UP} </dev/null")),
    A("a file that is put elsewhere", UPLOAD, Way.LAB_UPLOAD, "", (
        "rsync -e '{ssh}' /etc/hostname {datasink}:/tmp/", "scp -O {options} /etc/hostname {datasink}:/tmp/",
        "echo ls | sftp -b - {options} {datasink}")),
    A("a version that is stolen", UPLOAD, Way.LAB_UPLOAD, "", (
        "rsync -e '{ssh}' {datasink}:/home/ops/sentinelcam/model_registry/ {home}/stolen",)),
    A("another host", UPLOAD, Way.LAB_UPLOAD, "", (f"{{ssh}} ops@198.18.0.51 {UP} </dev/null",)),
    A("other words on the lab", RECEIVE, Way.LAB_RECEIVE, SHUT, (
        "sh", "receive {model} {version} --anyway", "receive {model} ../{version}", "cat .ssh/id_ed25519")),
]
# fmt: on


def of(way: Way) -> list[Attack]:
    """The attacks that are played in a way."""
    return [attack for attack in ATTACKS if attack.way is way]
