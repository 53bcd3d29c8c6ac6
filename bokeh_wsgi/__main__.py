"""``python -m bokeh_wsgi`` is ``bokeh-server``; with ``run script.py`` it runs a script of Bokeh 0.9."""

import sys

if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        from .old_scripts import main as run

        run(sys.argv[2:])
    from .cli import main

    main()
