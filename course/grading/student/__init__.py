"""What runs inside the sandbox, beside a student's code. It holds nothing worth stealing, and nobody believes it."""
