"""The tests mirror the package; what several of them share can be imported from here."""
