"""Face lists that are none."""

from pathlib import Path

MODELS = Path(__file__).parents[1] / "node" / "registry" / "models"
HEAD = "date,event,timestamp,objid,name,status\n"
LIST = HEAD + "2026-01-01,e1,2026-01-01 12:00:00.500000,1,ann,0\n"
LISTS = {
    "empty": b"",
    "without rows": HEAD.encode(),
    "without time stamps": b"date,event,timestamp\na,b,\n",
    "without a column": b"date,event,name\na,b,c\n",
    "with a column twice": b"date,event,timestamp,event\na,b,c,d\n",
    "another number of fields": LIST.encode() + b"a,b\n",
    "an empty row": LIST.encode() + b"\n",
    "an escape": LIST.encode().replace(b"ann", b"\x1b[2J"),
    "a field of lines": LIST.encode().replace(b"ann", b'"a\nb"'),
    "a long field": LIST.encode().replace(b"ann", b"a" * 201),
    "a long column": b"a" * 201 + b"," + HEAD.encode(),
    "an endless field": LIST.encode() + b'"' + b"a" * 200_000,
    "an open quote": LIST.encode() + b'"a',
    "a quote in a field": LIST.encode().replace(b"ann", b'"a"b'),
    "no UTF-8": LIST.encode().replace(b"ann", b"\xff"),
    "an HDF5 file": (MODELS / "1.3.2.hdf5").read_bytes(),
}
