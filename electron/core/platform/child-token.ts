/** The name of the variable by which a child of ours is known after we were killed. */
export const childTokenVariable = 'MOORING_CHILD_TOKEN'
