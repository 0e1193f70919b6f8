"""Reading what was measured: from stored predictions to findings, with every comparison."""
