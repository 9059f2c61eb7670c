"""Whole steps as compiled graphs: traced during one step, then run without Python.

``step_choice`` decides which step a model runs. A ``jit_step`` runs a program (``programs``) eagerly
once, traces the second call (``traced_call``, ``tracing``), compiles the graph (``torch_compiler``,
``custom_operators``) or finds its code on disk (``code_library``) and runs it from then on
(``jit_call``, on a GPU ``cuda_graphs``). The Python part of an optimizer's step is planned outside the
graph (``optimizer_planners``, ``step_numbers``, ``tensor_scalars``); all other captured state must stay
unchanged (``captured_state``). A step with a graph break (``graph_breaks``) falls back to eager execution
(``fallback_to_eager``), with a warning that gives the reason (``eager_warning``).

An ``auto_step`` runs a ``auto_decision`` for each shape of batches. The trial decides whether compiling pays
off (``jit_costs``), while a ``background_compiler`` compiles in a ``compiler_worker`` process.
"""
