"""Events that forges post to a resource's webhook: who sends them, what they tell, and whom they concern.

All of it is plain computation over headers and bytes that a stranger may have made. Whatever is not understood concerns
everybody: a check too many costs little, one too few makes people wait.
"""
