"""HTML pages: functions that render them, and the headers that each kind of page needs."""
