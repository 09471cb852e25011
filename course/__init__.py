"""The course: what notebooks import (`kit`), and how they are made (`authoring`), graded and reported."""


class CourseError(Exception):
    """Something the user can mend. The message is one sentence that names what came and what was expected."""
