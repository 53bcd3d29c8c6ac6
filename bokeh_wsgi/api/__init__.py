"""What programs call: changes, documents, exports."""
