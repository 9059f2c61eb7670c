"""Whole steps as compiled graphs: traced during one step, then run without Python.

``step_choice`` decides which step a model runs. A ``jit_step`` runs a program (``programs``) eagerly
once, traces the second call (``traced_call``, ``tracing``), compiles the graph (``torch_compiler``,
``custom_operators``) or finds its code on disk (``code_library``) and runs it from then on
(``jit_call``, on a GPU ``cuda_graphs``). What Python computes for an optimizer's step is planned outside
the graph (``optimizer_planners``, ``step_numbers``, ``tensor_scalars``); everything else that the graph holds
must stay as it was (``captured_state``). A step that cannot be a graph (``graph_breaks``) falls back to eager
(``fallback_to_eager``), with a warning that says why (``eager_warning``).

An ``auto_step`` leads each shape of batches through a ``jit_trial``: whether compiling is worth its
costs (``jit_costs``) is decided while a ``background_compiler`` has it done by a ``compiler_worker``.
"""
