"""Our predictions beside published measurements: rows in, predictions, errors out.

`rows` reads and writes the tables, `score` compares; `training`, `runs`, `inference` and
`vision` each predict one table. A predictor never sees an answer column or a note.
"""
