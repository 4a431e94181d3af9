const p={name:"Pier 3",at:[54.32,10.14]};export{p};
