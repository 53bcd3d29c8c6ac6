"""What people see: functions that give pages as HTML texts, and the headers that each kind of page needs."""
