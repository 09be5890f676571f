"""Asking a set of questions whose answers are known, and judging what people would have got.

`question_sets` reads them, `judging` says of one reply what is right, `measures` and `paired` are
the arithmetic, `report` puts it together and `plot` draws it; none of these knows a database.
`work` is the job, `evaluations` what its owner does with it.
"""
