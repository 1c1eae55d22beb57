"""The small processes between a worker and its commands; standard library only, and little of that.

They are started without the package around them (see ``zygote_process``), so they import each other relatively,
and nothing that a fork would have to carry along.
"""
