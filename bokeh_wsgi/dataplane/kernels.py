"""The compiled kernels; if they were not built, their equivalents in numpy."""

import os
import warnings

from ._m4_reference import choose_rows, column_ends, rows_in
from ._reference import (
    Array,
    compute_levels,
    count_ramp,
    equal,
    extreme_rows,
    last_finite,
    next_row,
    sweep,
)

compiled = False
if not os.environ.get("BOKEH_WSGI_PURE"):
    try:
        from ._diff import equal as equal  # type: ignore[no-redef,unused-ignore]
        from ._diff import sweep as sweep  # type: ignore[no-redef,unused-ignore]
        from ._m4 import choose_rows as choose_rows  # type: ignore[no-redef,unused-ignore]
        from ._m4 import column_ends as column_ends  # type: ignore[no-redef,unused-ignore]
        from ._m4 import rows_in as rows_in  # type: ignore[no-redef,unused-ignore]
        from ._pyramid import compute_levels as compute_levels  # type: ignore[no-redef,unused-ignore]
        from ._pyramid import extreme_rows as extreme_rows  # type: ignore[no-redef,unused-ignore]
        from ._pyramid import last_finite as last_finite  # type: ignore[no-redef,unused-ignore]
        from ._pyramid import next_row as next_row  # type: ignore[no-redef,unused-ignore]
        from ._ramp import count_ramp as count_ramp  # type: ignore[no-redef,unused-ignore]

        compiled = True
    except ImportError:
        warnings.warn(
            "bokeh_wsgi runs without its compiled kernels: comparing columns takes longer", stacklevel=2
        )

__all__ = [
    "Array",
    "choose_rows",
    "column_ends",
    "compiled",
    "compute_levels",
    "count_ramp",
    "equal",
    "extreme_rows",
    "last_finite",
    "next_row",
    "rows_in",
    "sweep",
]
