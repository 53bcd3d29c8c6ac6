"""The compiled kernels; if they were not built, their equivalents in numpy."""

import os
import warnings

from ._reference import Array, count_ramp, equal, sweep

compiled = False
if not os.environ.get("BOKEH_WSGI_PURE"):
    try:
        from ._diff import equal as equal  # type: ignore[no-redef,unused-ignore]
        from ._diff import sweep as sweep  # type: ignore[no-redef,unused-ignore]
        from ._ramp import count_ramp as count_ramp  # type: ignore[no-redef,unused-ignore]

        compiled = True
    except ImportError:
        warnings.warn(
            "bokeh_wsgi runs without its compiled kernels: comparing columns takes longer", stacklevel=2
        )

__all__ = ["Array", "compiled", "count_ramp", "equal", "sweep"]
