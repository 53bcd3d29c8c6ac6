"""What people open in browsers: pages, their forms, and the files that these load."""
